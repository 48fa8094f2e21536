package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/transport"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient"
)

// serveWith serves clients within a budget of memory until the test ends.
func serveWith(t *testing.T, budget *memory.Budget, limits Limits) (g *Gateway, address string) {
	t.Helper()
	limits.SetDefaults()
	g = New(new(rpcclient.Node), limits, []*App{unreachableApp(t, nil)}, budget, slog.New(slog.DiscardHandler))
	address, stop := serveOn(t, g, g.Handler())
	t.Cleanup(func() {
		stop()
		waittest.Until(t, "all memory is released", func() bool { return budget.Used() == 0 })
	})
	return g, address
}

// serveOn serves a handler on the limited listener of an address until stop is called.
func serveOn(t *testing.T, g *Gateway, handler http.Handler) (address string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		g.Server.Serve(ctx, g.Server.LimitClients(listener, nil), handler, func() time.Duration { return 0 })
	}()
	return listener.Addr().String(), func() {
		cancel()
		<-served
	}
}

// statusOf returns the status of a request over a new connection; 0: there is no answer.
func statusOf(t *testing.T, address, path string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Requests of clients that do not read their answers release their memory to others, also
// for small answers.
func TestUnreadSmallAnswersMakeRoom(t *testing.T) {
	request, _ := transport.RequestSize(0, 0)
	budget := memory.NewBudget(40 * request)
	_, address := serveWith(t, budget, Limits{})
	ctx, leave := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	for range 2 {
		client := &http.Transport{Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 1}}
		client.Protocols.SetUnencryptedHTTP2(true)
		defer client.CloseIdleConnections()
		for range 90 {
			asking.Go(func() {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/nothing", nil)
				if err != nil {
					t.Error(err)
					return
				}
				client.RoundTrip(req) // reads the header of the answer alone
			})
		}
	}
	asking.Wait()
	waittest.Until(t, "another client is served", func() bool { return statusOf(t, address, "/nothing") == http.StatusNotFound })
	if budget.Preemptions() == 0 {
		t.Error("no request released its memory: the test shows nothing")
	}
	leave()
}

// Half-sent headers count, and release their memory to others.
func TestHalfSentHeadsMakeRoom(t *testing.T) {
	budget := memory.NewBudget(1 << 20)
	_, address := serveWith(t, budget, Limits{})
	half := "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 60_000)
	waittest.Until(t, "one more header cuts another one", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, half)
		return budget.Preemptions() > 0
	})
	if budget.Used() > budget.Limit() {
		t.Errorf("%d bytes are reserved of %d", budget.Used(), budget.Limit())
	}
	waittest.Until(t, "another client is served", func() bool { return statusOf(t, address, "/nothing") == http.StatusNotFound })
}

// Without memory a request is refused at once. Health checks are answered.
func TestNoMemoryForRequests(t *testing.T) {
	budget := memory.NewBudget(1 << 20)
	g, address := serveWith(t, budget, Limits{})
	for range 16 {
		if !budget.Reserve(1 << 16) {
			t.Fatal("the budget is used already")
		}
	}
	if status := statusOf(t, address, "/graphql?query=%7Ba%7D"); status != http.StatusServiceUnavailable {
		t.Errorf("a request without memory got %d", status)
	}
	if status := statusOf(t, address, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz without memory: %d", status)
	}
	if n := g.refusals.Total(); n != 2 {
		t.Errorf("%d requests were refused, want 2", n)
	}
	budget.Release(1 << 20)
	if status := statusOf(t, address, "/nothing"); status != http.StatusNotFound {
		t.Errorf("with memory again: %d", status)
	}
}

// Limits that do not fit into limits.memory are refused. The defaults fit.
func TestLeastMemory(t *testing.T) {
	for _, tt := range []struct {
		limits Limits
		fits   bool
	}{
		{Limits{}, true},
		{Limits{Answer: 1 << 30}, true}, // memory follows
		{Limits{Memory: 200 << 20}, false},
		{Limits{Memory: 100 << 20, Answer: 16 << 20}, true},
		{Limits{Memory: 100 << 20, Answer: 16 << 20, Body: 8 << 20}, false},
	} {
		limits := tt.limits
		limits.SetDefaults()
		if err := limits.Validate(); (err == nil) != tt.fits || err != nil && !strings.Contains(err.Error(), "limits.memory") {
			t.Errorf("%+v: %v", tt.limits, err)
		}
	}
}
