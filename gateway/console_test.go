package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The page is for every browser, and what it shows is for operators.
func TestConsoleIsForOperators(t *testing.T) {
	g := newGateway(Limits{}, slog.New(slog.DiscardHandler), unreachableApp(t, nil))
	get := func(url, token string) int {
		r := httptest.NewRequest("GET", url, nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the stream ends at once
		w := httptest.NewRecorder()
		g.Admin().ServeHTTP(w, r.WithContext(ctx))
		if url == "http://127.0.0.1:4401/console/" && !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%v", w.Header())
		}
		return w.Code
	}
	if status := get("http://rebound.example:4401/console/events", ""); status != 403 {
		t.Errorf("events with the name of another host: %d", status)
	}
	const token = "0123456789abcdef"
	g.SetAdminToken(token)
	for _, tc := range []struct {
		path, token string
		status      int
	}{
		{"/console", "", 301},
		{"/console/", "", 200},
		{"/console/events", "", 401},
		{"/console/events", "another-token-of-16", 401},
		{"/console/events", token, 200},
		{"/console/assets/unknown.js", "", 404},
	} {
		if status := get("http://127.0.0.1:4401"+tc.path, tc.token); status != tc.status {
			t.Errorf("%s with token %q: %d", tc.path, tc.token, status)
		}
	}
}

// An event has the status and the requests of each application so far.
func TestConsoleEvents(t *testing.T) {
	g := newGateway(Limits{}, slog.New(slog.DiscardHandler), unreachableApp(t, nil))
	g.Handler().ServeHTTP(httptest.NewRecorder(), post(`{"query":"{ a }"}`))
	server := httptest.NewServer(g.Admin())
	t.Cleanup(server.Close)
	resp, err := http.Get(server.URL + "/console/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Apps     []struct{ Path string }
		Requests map[string]struct {
			Requests, Failed uint64
			Histogram        []uint64
		}
		Bounds     []float64
		Operations []struct{ Kind string }
	}
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &event); err != nil {
		t.Fatal(err)
	}
	requests := event.Requests["/graphql"]
	if len(event.Apps) != 1 || requests.Requests != 1 || requests.Failed != 1 || len(requests.Histogram) != len(event.Bounds)+1 || len(event.Operations) != 1 || event.Operations[0].Kind != "query" {
		t.Errorf("%s", line)
	}
	g.console.close() // else the server waits for the stream
}

// All listeners share one sampler, which ends with the last of them. A listener that does
// not read holds up no other.
func TestSamplesAreTakenForListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var samples atomic.Int64
		b := newBroadcast(func() []byte { samples.Add(1); return nil }, func(context.Context) {})
		reads, idle := b.add(), b.add()
		for range 3 {
			<-reads
			time.Sleep(sampleInterval)
		}
		synctest.Wait()
		if taken := samples.Load(); taken != 5 { // one for each listener, then one a second for both
			t.Errorf("%d samples", taken)
		}
		b.remove(idle)
		b.remove(reads)
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		if taken := samples.Load(); taken != 5 {
			t.Errorf("%d samples without listeners", taken-5)
		}
		b.add()
		time.Sleep(sampleInterval)
		synctest.Wait()
		if taken := samples.Load(); taken != 7 {
			t.Errorf("%d samples for a new listener", taken-5)
		}
		b.stop()
	})
}
