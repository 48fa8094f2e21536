package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/logtest"
)

// flood sends operations that log a long line each, and returns their durations. All must
// succeed.
func (g demoGateway) flood(t *testing.T, operations int) (took []time.Duration) {
	t.Helper()
	const clients = 16
	var (
		sent  atomic.Int64
		mu    sync.Mutex
		group sync.WaitGroup
	)
	id := strings.Repeat("x", 128)
	for range clients {
		group.Go(func() {
			for sent.Add(1) <= int64(operations) {
				began := time.Now()
				if status, answer := g.post(t, `{"query":"query `+id+` { __typename }"}`, "X-Request-Id", id); status != 200 || !strings.Contains(answer, `"data"`) {
					t.Errorf("%d %s", status, answer)
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	group.Wait()
	slices.Sort(took)
	return took
}

// droppedLines returns the dropped lines in GET /status.
func (g demoGateway) droppedLines(t *testing.T) uint64 {
	t.Helper()
	resp, err := http.Get(g.admin + "/status")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s struct {
		Log struct {
			Dropped uint64 `json:"dropped_lines"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s.Log.Dropped
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, w
}

// floodSize is more than the pipe and the queue of the log hold.
const floodSize = 5000

func TestStalledReaderOfStandardError(t *testing.T) {
	_, w := pipe(t)
	g := startDemoGateway(t, w)
	took := g.flood(t, floodSize)
	t.Logf("p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
	if g.droppedLines(t) == 0 {
		t.Error("no line was dropped: the test shows nothing")
	}
	if status := g.status("/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	g.terminate(t)
}

// This is the control of TestStalledReaderOfStandardError: the reader gets the lines.
func TestStandardErrorIsRead(t *testing.T) {
	r, w := pipe(t)
	log := make(chan []byte)
	go func() {
		text, _ := io.ReadAll(r)
		log <- text
	}()
	g := startDemoGateway(t, w)
	took := g.flood(t, floodSize)
	t.Logf("p50 %v, p99 %v", took[len(took)/2], took[len(took)*99/100])
	g.terminate(t)
	text := <-log
	lines, dropped := bytes.Count(text, []byte("msg=request")), 0 // of requests; of all kinds, as the log says
	for _, match := range regexp.MustCompile(`log lines were dropped.* lines=(\d+)`).FindAllSubmatch(text, -1) {
		n, _ := strconv.Atoi(string(match[1]))
		dropped += n
	}
	if lines > floodSize || lines+dropped < floodSize {
		t.Errorf("%d operations, %d lines, %d dropped", floodSize, lines, dropped)
	}
}

func TestReaderOfStandardErrorComesBack(t *testing.T) {
	r, w := pipe(t)
	g := startDemoGateway(t, w)
	g.flood(t, floodSize)
	log, read := new(logtest.Recorder), make(chan error)
	go func() {
		_, err := io.Copy(log, r)
		read <- err
	}()
	dropped := regexp.MustCompile(`log lines were dropped.* lines=[1-9]`)
	eventually(t, "the log says that lines were dropped", func() bool { return dropped.MatchString(log.String()) })
	g.terminate(t)
	if err := <-read; err != nil || len(log.Lines("every request is answered")) != 1 {
		t.Errorf("%v; the end of the log is missing", err)
	}
}

func TestReaderOfStandardErrorLeaves(t *testing.T) {
	r, w := pipe(t)
	g := startDemoGateway(t, w)
	r.Close()
	g.flood(t, 200)
	if status := g.status("/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	eventually(t, "lines are counted as dropped", func() bool { return g.droppedLines(t) >= 200 })
	g.terminate(t)
}
