package gateway

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/waittest"
)

// A fault of the gateway's own ends no more than the request, and is logged with
// where it was and nothing that the request held.
func TestPanicSaysNoSecret(t *testing.T) {
	app := unreachableApp(t, nil)
	var said logtest.Recorder
	var limits Limits
	limits.SetDefaults()
	g := New(nil, limits, []*App{app}, slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	app.Context = nil // as no configuration has it: to make a context panics
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	server := g.server(g.Handler())
	go func() { done <- server.Serve(listener) }()
	defer func() { server.Close(); <-done }()

	const operation = `{"query":"{ a(text: \"s3cret\") }","variables":{"s3cret":"s3cret"}}`
	for body, fine := range map[string]bool{operation: false, "[" + operation + "]": true} {
		req, err := http.NewRequest(http.MethodPost, "http://"+listener.Addr().String()+app.Config.Path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-User-Id"} {
			req.Header.Set(name, "Bearer s3cret")
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if (err == nil) != fine {
			t.Errorf("%s: %v", body, err)
		}
		if err == nil {
			io.Copy(&said, resp.Body)
			resp.Body.Close()
		}
	}
	// The first is written by the goroutine of the connection.
	waittest.Until(t, "both panics are in the log", func() bool {
		return strings.Contains(said.String(), "panic serving") && strings.Contains(said.String(), "panic: ")
	})
	if text := said.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, "graphql.go") {
		t.Errorf("the log has a secret, or does not say where it was:\n%s", text)
	}
}
