package chaos

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
)

// docs/operations.md has the maximum memory of the gateway with these limits.
const (
	memoryLimits = "limits: {memory: 268435456, connections: 1000, in_flight: 1000}"
	footprint    = 256<<20 + 3*(256<<20)/2 + 1000*(32<<10)
)

// startBounded starts a gateway with these limits in front of one node.
func startBounded(t *testing.T) *gateway {
	t.Helper()
	f := startFleet(t, 1, 0)
	s := f.settings(longTimeout, "compress: []")
	s.top = []string{memoryLimits}
	s.timed = true // the race detector takes memory of its own
	g := startGateway(t, nil, s)
	g.waitConnected(t, 1)
	return g
}

// peak is the maximum memory that the process has had, in bytes.
func (g *gateway) peak(t testing.TB) int64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(g.cmd.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatal("the kernel does not report the peak memory of a process")
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// assertBounded fails if the process has exceeded its memory.
func (g *gateway) assertBounded(t *testing.T, before int64) {
	t.Helper()
	peak := g.peak(t)
	t.Logf("figures: memory %d MiB before, %d MiB at most; the limits allow %d MiB", before>>20, peak>>20, int64(footprint)>>20)
	if peak > footprint {
		t.Errorf("the process had %d MiB, want at most %d", peak>>20, int64(footprint)>>20)
	}
}

// assertServed sends honest requests until done is closed, and fails if one is
// refused.
func (g *gateway) assertServed(t *testing.T, done <-chan struct{}) {
	t.Helper()
	for n := 1; ; n++ {
		r, err := g.newRequest(context.Background(), "/graphql", strings.NewReader(operation(`{ counter }`)))
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("honest request %d: %v", n, err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("honest request %d: %d %s", n, resp.StatusCode, body)
			return
		}
		select {
		case <-done:
			t.Logf("figures: %d honest requests were served meanwhile", n)
			return
		default:
		}
	}
}

// overHTTP2 is a client with one connection, on which the server may send window bytes
// without an update.
func (g *gateway) overHTTP2(t *testing.T, window int) *http.Client {
	transport := &http.Transport{
		Protocols: new(http.Protocols),
		HTTP2:     &http.HTTP2Config{MaxReceiveBufferPerStream: window, MaxReceiveBufferPerConnection: 64 << 10},
	}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	resp, err := client.Get("http://" + g.listen + "/healthz") // or each request would dial
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return client
}

// stalledBody is a body whose rest never comes. sent is called at the end of what
// does.
type stalledBody struct {
	ctx  context.Context
	text io.Reader
	sent func()
}

func (s *stalledBody) Read(b []byte) (int, error) {
	n, err := s.text.Read(b)
	if err == io.EOF {
		s.sent()
		<-s.ctx.Done()
		return 0, s.ctx.Err()
	}
	return n, err
}

// Ten connections with a hundred half-sent bodies each stay within the memory limit
// and displace no honest client.
func TestHalfSentBodies(t *testing.T) {
	g := startBounded(t)
	before := g.peak(t)
	ctx, leave := context.WithCancel(t.Context())
	var under, sent sync.WaitGroup
	half := append([]byte(`{"query":"{ counter }","x":"`), bytes.Repeat([]byte("x"), 512<<10)...)
	for range 10 {
		client := g.overHTTP2(t, 1)
		for range 100 {
			sent.Add(1)
			once := sync.OnceFunc(sent.Done)
			body := &stalledBody{ctx, bytes.NewReader(half), once}
			under.Go(func() {
				defer once()
				req, err := g.newRequest(ctx, "/graphql", body)
				if err != nil {
					t.Error(err)
					return
				}
				req.ContentLength = 1 << 20
				if resp, err := client.Do(req); err == nil {
					resp.Body.Close()
				}
			})
		}
	}
	done := make(chan struct{})
	go func() {
		sent.Wait() // each has sent its half, or has been answered
		close(done)
	}()
	g.assertServed(t, done)
	g.assertBounded(t, before)
	leave()
	under.Wait()
	waittest.Until(t, "all memory is given back", func() bool { return g.metric(t, "louche_memory_reserved_bytes") == 0 })
}

// Unread answers stay within the memory limit and displace no honest client.
func TestUnreadAnswers(t *testing.T) {
	g := startBounded(t)
	before := g.peak(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var asked sync.WaitGroup
	for range 10 {
		client := g.overHTTP2(t, 1)
		for range 100 {
			asked.Go(func() {
				req, err := g.newRequest(ctx, "/graphql", strings.NewReader(operation(`{ large(bytes: 1000000) }`)))
				if err != nil {
					t.Error(err)
					return
				}
				client.Do(req) // only the header is read, or the end of the stream
			})
		}
	}
	done := make(chan struct{})
	go func() {
		asked.Wait()
		close(done)
	}()
	g.assertServed(t, done)
	waittest.Until(t, "what waits for its client holds no place", func() bool { return g.status(t).InFlight == 0 })
	g.assertServed(t, done)
	g.assertBounded(t, before)
}

// Ten answers of the maximum size at once stay within the memory limit. Those beyond
// it are refused.
func TestLargestAnswersAtOnce(t *testing.T) {
	g := startBounded(t)
	before := g.peak(t)
	var mu sync.Mutex
	kinds := make(map[string]int)
	var asking sync.WaitGroup
	for range 10 {
		asking.Go(func() {
			r, err := g.newRequest(t.Context(), "/graphql", strings.NewReader(operation(`{ large(bytes: 66000000) }`)))
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			kind := resp.Status
			if err != nil {
				kind = "cut"
			} else if resp.StatusCode != http.StatusOK {
				kind = errorCode(body)
			}
			mu.Lock()
			defer mu.Unlock()
			kinds[kind]++
		})
	}
	asking.Wait()
	t.Logf("figures: %v", kinds)
	if kinds["200 OK"] == 0 || kinds["200 OK"]+kinds["OVERLOADED"] != 10 {
		t.Errorf("answered with %v", kinds)
	}
	g.assertBounded(t, before)
	if status, _, body := g.ask(t, `{ counter }`); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, body)
	}
}
