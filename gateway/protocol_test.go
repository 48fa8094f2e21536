package gateway

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/waittest"
)

// Connections are counted by protocol from their first request on, and until they close.
func TestConnectionsByProtocol(t *testing.T) {
	g := newGateway(Limits{}, slog.New(slog.DiscardHandler), unreachableApp(t, auth.ContextConfig{}))
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := g.LimitClients(bound, nil)
	go g.Serve(t.Context(), listener, g.Handler(), func() time.Duration { return 0 })
	counted := func(none, one, two int64) {
		t.Helper()
		waittest.Until(t, "the connections are counted", func() bool {
			return g.connections[noRequest].Load() == none && g.connections[http1].Load() == one && g.connections[http2].Load() == two
		})
	}
	silent, err := net.Dial("tcp", bound.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	counted(1, 0, 0)
	var transports []*http.Transport
	for _, version := range []int{1, 2} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(version == 1)
		transport.Protocols.SetUnencryptedHTTP2(version == 2)
		transports = append(transports, transport)
		resp, err := (&http.Client{Transport: transport}).Get("http://" + bound.Addr().String() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	counted(1, 1, 1)
	silent.Close()
	transports[0].CloseIdleConnections()
	counted(0, 0, 1)
	transports[1].CloseIdleConnections()
	counted(0, 0, 0)
}
