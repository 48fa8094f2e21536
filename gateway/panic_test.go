package gateway

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient"
)

// panicking is a body that panics when it is read.
type panicking struct{ io.ReadCloser }

func (panicking) Read([]byte) (int, error) { panic(errors.New("while the body is read")) }

// A panic ends one operation: the client gets INTERNAL, and the log and the metrics have it.
// The log says where it was, and has nothing of the request.
func TestPanics(t *testing.T) {
	const body = `{"query":"{ a(text: \"s3cret\") }","variables":{"s3cret":"s3cret"}}`
	read := post(body)
	read.Body = panicking{}
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		at      string
	}{
		"single request":           {post(body), http.StatusInternalServerError, "engine.go"},
		"batch":                    {post("[" + body + "]"), http.StatusOK, "engine.go"},
		"request while it is read": {read, http.StatusInternalServerError, "receive.go"},
	} {
		t.Run(name, func(t *testing.T) {
			app := unreachableApp(t, nil)
			var log logtest.Recorder
			var limits Limits
			limits.SetDefaults()
			budget := memory.NewBudget(limits.Memory)
			g := New(new(rpcclient.Node), limits, []*App{app}, budget, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-User-Id"} {
				c.request.Header.Set(name, "Bearer s3cret")
			}

			pool := app.Absinthe.Pool
			app.Absinthe.Pool = nil // a call panics
			w := httptest.NewRecorder()
			g.Handler().ServeHTTP(w, c.request)
			app.Absinthe.Pool = pool

			if w.Code != c.status || strings.Count(w.Body.String(), `"code":"INTERNAL"`) != 1 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if lines := log.Lines("level=ERROR", `msg="request failed"`, "code=INTERNAL", "panic: ", c.at); len(lines) != 1 {
				t.Errorf("the log has %d lines of the panic:\n%s", len(lines), log.String())
			}
			if strings.Contains(log.String()+w.Body.String(), "s3cret") {
				t.Errorf("the answer or the log has a secret:\n%s\n%s", w.Body, log.String())
			}
			if n := scrape(t, g)[`louche_requests_total{app="/graphql",code="INTERNAL"}`]; n != 1 {
				t.Errorf("%v panics are counted, want 1", n)
			}
			if g.engines.InFlight() != 0 || budget.Used() != 0 {
				t.Errorf("%d operations are under way, and %d bytes of memory are held", g.engines.InFlight(), budget.Used())
			}
			if status, code := ask(t, g.Handler(), post(`{"query":"{ a }"}`)); status != http.StatusServiceUnavailable || code != "NO_NODE_AVAILABLE" {
				t.Errorf("the next request gets %d %s", status, code)
			}
		})
	}
}
