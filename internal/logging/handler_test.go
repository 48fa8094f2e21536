package logging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/secret"
)

// logged returns the output of a handler that do logs with.
func logged(level slog.Level, json bool, do func(*slog.Logger)) string {
	var out bytes.Buffer
	h := NewHandler(&out, level, json)
	do(slog.New(h))
	h.Close(time.Minute)
	return out.String()
}

func TestLinesOfOneMessageAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		h := NewHandler(&out, slog.LevelInfo, false)
		log := slog.New(h)
		for i := range 1000 {
			log.Warn("request failed", "path", "/graphql", "code", "TIMEOUT", "request_id", i)
			log.With("path", "/other").Warn("request failed", "code", "TIMEOUT")
			log.Warn("cannot connect to node", "node", fmt.Sprintf("n%d@host", i))
		}
		for i := range 1000 {
			log.Warn(fmt.Sprintf("the text %d of a library", i))
		}
		log.Info("node up", "node", "a@host")
		synctest.Wait()
		first := out.String()
		for part, want := range map[string]int{
			"path=/graphql":          linesPerKey,
			"path=/other":            linesPerKey,
			"cannot connect to node": linesPerMessage,
			"of a library":           maxMessages - 2 + linesPerKey, // the last ones share a budget
			"node up":                1,
		} {
			if got := strings.Count(first, part); got != want {
				t.Errorf("%d lines with %q, want %d", got, part, want)
			}
		}
		time.Sleep(period)
		log.Warn("request failed", "path", "/graphql", "code", "TIMEOUT")
		log.Warn("request failed", "path", "/graphql", "code", "TIMEOUT")
		h.Close(time.Minute)
		rest := strings.TrimPrefix(out.String(), first)
		if strings.Count(rest, "\n") != 2 || strings.Count(rest, fmt.Sprintf("suppressed_before=%d\n", 2*(1000-linesPerKey))) != 1 {
			t.Errorf("in the next period:\n%s", rest)
		}
		if c := CountsOf(log); c.Dropped != 0 || c.Suppressed < 2*(1000-linesPerKey) {
			t.Errorf("%+v", c)
		}
	})
}

func TestEveryLineAtLevelDebug(t *testing.T) {
	text := logged(slog.LevelDebug, false, func(log *slog.Logger) {
		for range 1000 {
			log.Warn("request failed", "code", "TIMEOUT")
		}
	})
	if n := strings.Count(text, "\n"); n != 1000 {
		t.Errorf("%d lines", n)
	}
}

// unknownType is a type that the handler does not handle specially.
type unknownType struct{ Text string }

func TestLongValuesAreCut(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	for _, json := range []bool{false, true} {
		for name, value := range map[string]any{
			"text": long, "error": errors.New(long), "struct": unknownType{long}, "pointer": &unknownType{long},
			"list": []string{long, "b"}, "list of many": strings.Split(strings.Repeat("name@host,", 1<<17), ","),
		} {
			text := logged(slog.LevelInfo, json, func(log *slog.Logger) { log.Info("m", "value", value) })
			if len(text) > 3*maxValueBytes || !strings.Contains(text, "…") && name != "pointer" {
				t.Errorf("%s, JSON %v: a line of %d bytes: %.100s", name, json, len(text), text)
			}
		}
		if text := logged(slog.LevelInfo, json, func(log *slog.Logger) { log.Info(long) }); len(text) > 3*maxValueBytes {
			t.Errorf("message, JSON %v: a line of %d bytes", json, len(text))
		}
	}
}

func TestValuesReadTheSameInBothFormats(t *testing.T) {
	for _, json := range []bool{false, true} {
		text := logged(slog.LevelInfo, json, func(log *slog.Logger) {
			log.Info("m", "error", errors.New("lost"), "address", netip.MustParseAddrPort("10.0.0.1:4400"),
				"clients", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4401},
				"cookie", secret.Text("s3cret"), "n", 3, "list", []string{"a", "b"})
		})
		for _, part := range []string{"lost", "10.0.0.1:4400", "127.0.0.1:4401", "(secret)", "3"} {
			if !strings.Contains(text, part) {
				t.Errorf("JSON %v: %q is missing in %s", json, part, text)
			}
		}
		if strings.Contains(text, "s3cret") {
			t.Errorf("JSON %v: %s", json, text)
		}
	}
}

// Durations are for people in text, and for machines in JSON.
func TestDurations(t *testing.T) {
	for json, want := range map[bool]string{
		false: "took=1.5s stages.node=250µs\n",
		true:  `"took_ms":1500,"stages":{"node_ms":0.25}}` + "\n",
	} {
		text := logged(slog.LevelInfo, json, func(log *slog.Logger) {
			log.Info("m", "took", 1500*time.Millisecond, slog.Group("stages", "node", 250*time.Microsecond))
		})
		if !strings.HasSuffix(text, want) {
			t.Errorf("JSON %v: %s has no %s", json, text, want)
		}
	}
}

// stalled is a writer that blocks until it is released.
type stalled struct {
	release chan struct{}
	mu      sync.Mutex
	out     bytes.Buffer
}

func (s *stalled) Write(b []byte) (int, error) {
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

func TestStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &stalled{release: make(chan struct{})}
		h := NewHandler(out, slog.LevelDebug, false)
		log := slog.New(h)
		const lines = 100_000
		for i := range lines {
			log.Debug("operation", "i", i)
		}
		dropped := int(CountsOf(log).Dropped)
		if dropped < lines/2 || dropped == lines {
			t.Fatalf("%d of %d lines were dropped", dropped, lines)
		}
		began := time.Now()
		if h.Close(time.Second); time.Since(began) != time.Second {
			t.Errorf("Close took %v", time.Since(began))
		}
		close(out.release)
		<-h.queue.done
		text := out.out.String()
		if got := strings.Count(text, "msg=operation"); got != lines-dropped {
			t.Errorf("%d lines were written and %d dropped", got, dropped)
		}
		if !strings.Contains(text, fmt.Sprintf("lines=%d\n", dropped)) {
			t.Errorf("the log does not say that %d lines were dropped: …%s", dropped, text[len(text)-200:])
		}
	})
}

// broken is a writer whose reader may be gone.
type broken struct {
	gone bool
	out  bytes.Buffer
}

func (b *broken) Write(line []byte) (int, error) {
	if b.gone {
		return 0, io.ErrClosedPipe
	}
	return b.out.Write(line)
}

func TestReaderThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &broken{gone: true}
		h := NewHandler(out, slog.LevelInfo, true)
		log := slog.New(h)
		for range 3 {
			log.Info("lost")
			synctest.Wait()
		}
		out.gone = false
		log.Info("found")
		h.Close(time.Minute)
		if text := out.out.String(); strings.Contains(text, "lost\"") || !strings.Contains(text, `"msg":"found"`) || !strings.Contains(text, `"lines":3`) {
			t.Errorf("%s", text)
		}
	})
}
