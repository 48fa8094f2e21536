package server

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/waittest"
)

// newServer returns a server with limits that no test reaches.
func newServer(log *slog.Logger) *Server {
	return &Server{
		Limits: func() Limits {
			return Limits{Header: 64 << 10, Connections: 100, ConnectionsPerAddress: 100, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
		},
		IsProxy:    func(netip.Addr) bool { return false },
		Memory:     memory.NewBudget(1 << 20),
		Operators:  memory.NewBudget(1 << 20),
		OnShutdown: func() {},
		Log:        log,
	}
}

// Connections are counted by protocol from their first request on, and until they close.
func TestConnectionsByProtocol(t *testing.T) {
	s := newServer(slog.New(slog.DiscardHandler))
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := s.LimitClients(bound, nil)
	go s.Serve(t.Context(), listener, http.NotFoundHandler(), func() time.Duration { return 0 })
	counted := func(none, one, two int64) {
		t.Helper()
		waittest.Until(t, "the connections are counted", func() bool {
			return s.Connections(noRequest) == none && s.Connections(http1) == one && s.Connections(http2) == two
		})
	}
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", bound.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	silent := dial()
	counted(1, 0, 0)
	first := dial() // net/http would close its connection after a late answer
	io.WriteString(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	second := &http.Transport{Protocols: new(http.Protocols)}
	second.Protocols.SetUnencryptedHTTP2(true)
	resp, err := (&http.Client{Transport: second}).Get("http://" + bound.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	counted(1, 1, 1)
	silent.Close()
	first.Close()
	counted(0, 0, 1)
	second.CloseIdleConnections()
	counted(0, 0, 0)
}
