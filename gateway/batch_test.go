package gateway

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/strictjson"
)

// askBatch sends a batch and returns the error codes of its answers.
func askBatch(t *testing.T, body string) (codes []string) {
	t.Helper()
	w := httptest.NewRecorder()
	unreachable(t, Limits{}, nil).ServeHTTP(w, post(body))
	var answers []struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answers); err != nil || w.Code != 200 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	for _, a := range answers {
		if len(a.Errors) != 1 {
			t.Fatalf("%s", w.Body)
		}
		codes = append(codes, a.Errors[0].Extensions.Code)
	}
	return codes
}

// An error of one operation takes the place of its answer.
func TestBatchOfBadOperations(t *testing.T) {
	got := askBatch(t, ` [{"query":"{ a }"}, 1, null, [], {"query":1}, {"query":"{ a }","variables":[]}, {}, {"query":"mutation { a }"}, {"query":"{ a }","variables":{"a":1e999}}, {"query":"{ a }","query":1,"variables":"{}"}]`)
	want := []string{"NO_NODE_AVAILABLE", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "BAD_REQUEST", "NO_NODE_AVAILABLE", "BAD_REQUEST", "NO_NODE_AVAILABLE"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestBatchCountsEveryOperation(t *testing.T) {
	h := unreachable(t, Limits{InFlight: 2}, nil)
	if status, code := ask(t, h, post(`[{"query":"{ a }"},{"query":"{ a }"},{"query":"{ a }"}]`)); status != 503 || code != "OVERLOADED" {
		t.Errorf("three operations with limits.in_flight 2: %d %s", status, code)
	}
}

// The answer to a batch has as many elements, or is a GraphQL error.
func FuzzBatch(f *testing.F) {
	for _, seed := range []string{`[{"query":"{ a }"},1]`, `[]`, `[{"query":`, `[null]`, `[null]0`, `[null][]`} {
		f.Add([]byte(seed))
	}
	h := unreachable(f, Limits{}, nil, func(c *AppConfig) { c.BatchFormat = "absinthe" })
	f.Fuzz(func(t *testing.T, body []byte) {
		if strictjson.First(body) != '[' {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post(string(body)))
		var sent, got []json.RawMessage
		if w.Code == 200 {
			if json.Unmarshal(body, &sent) != nil || json.Unmarshal(w.Body.Bytes(), &got) != nil || len(sent) != len(got) {
				t.Errorf("%q was answered %s", body, w.Body)
			}
		} else if w.Code != 400 {
			t.Errorf("%q: status %d", body, w.Code)
		}
	})
}

// The log has every operation of a batch with the id of the request. The
// operations run concurrently, which the race detector checks.
func TestBatchInTheLog(t *testing.T) {
	var log bytes.Buffer
	g := newGateway(Limits{}, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), unreachableApp(t, nil))
	server := httptest.NewServer(g.Handler())
	sent(t, server.URL+"/graphql", "["+strings.Repeat(aQuery+",", 9)+aQuery+"]", "X-Request-Id", "of-the-batch")
	server.Close()
	if n := strings.Count(log.String(), `msg="request failed" request_id=of-the-batch `); n != 10 {
		t.Errorf("%d of 10 operations are in\n%s", n, &log)
	}
}
