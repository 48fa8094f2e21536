// Package server serves HTTP/1.1, HTTP/2 and HTTP/3 on listeners, with TLS and the PROXY
// protocol, and bounds their connections. It must never know what a request asks for.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/internal/memory"
)

// A Server serves the listeners of a gateway. Its fields are set before it serves.
type Server struct {
	Limits     func() Limits         // the current ones
	IsProxy    func(netip.Addr) bool // whether the connections from an address are those of many clients
	Memory     *memory.Budget        // for the headers that clients send
	Operators  *memory.Budget        // for those of operators
	OnShutdown func()                // ends the responses that would never end
	Log        *slog.Logger

	counts connectionCounts
	tls    atomic.Pointer[tls.Config] // of the listener for clients; nil: it has none
}

// Limits bound connections and what they hold. Only WriteTimeout may change while a Server
// serves.
type Limits struct {
	Header                             int // of a request, in bytes
	Connections, ConnectionsPerAddress int
	ReadTimeout                        time.Duration // for the header of a request
	WriteTimeout                       time.Duration // for each step of an answer
	IdleTimeout                        time.Duration
}

// Connections returns the number of open connections of clients and operators with a protocol.
func (s *Server) Connections(p Protocol) int64 { return s.counts[p].Load() }

// streams is the most concurrent requests on a connection of HTTP/2: the least that RFC 9113,
// section 6.5.2, recommends.
const streams = 100

// receiveBuffer bounds the bytes of bodies that a connection of HTTP/2 holds unread.
const receiveBuffer = 128 << 10

// Serve serves a listener until ctx ends: HTTP/1.1, and HTTP/2 with prior knowledge (h2c). Then
// it takes no new requests, lets those in flight finish within grace, and cuts off the rest.
func (s *Server) Serve(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := s.server(handler)
	return serve(ctx, server, listener.Addr(), grace, func() error { return server.Serve(listener) })
}

// ServeTLS is [Server.Serve] over TLS with the configuration of [Server.SetTLSConfig]. ALPN
// chooses the version of HTTP.
func (s *Server) ServeTLS(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := s.server(handler)
	server.TLSConfig = s.tlsConfig()
	return serve(ctx, server, listener.Addr(), grace, func() error { return server.ServeTLS(listener, "", "") })
}

func (s *Server) server(handler http.Handler) *http.Server {
	limits := s.Limits()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler:           countRequests(handler),
		ConnContext:       withConn,
		ConnState:         keep,
		ReadHeaderTimeout: limits.ReadTimeout,
		IdleTimeout:       limits.IdleTimeout,
		MaxHeaderBytes:    limits.Header,
		ErrorLog:          telemetry.NewLibraryLog(s.Log, "HTTP server"),
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          streams,
			MaxReceiveBufferPerConnection: receiveBuffer,
			MaxReceiveBufferPerStream:     receiveBuffer,
		},
	}
	server.RegisterOnShutdown(s.OnShutdown)
	return server
}

// A stopper is a server of any version of HTTP.
type stopper interface {
	Shutdown(ctx context.Context) error
	Close() error
}

func serve(ctx context.Context, server stopper, addr net.Addr, grace func() time.Duration, run func() error) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace := grace()
		limit, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			server.Close()
			err = fmt.Errorf("requests on %s were cut off: not done %v after no more were taken", addr, grace)
		}
		stopped <- err
	})
	err := run()
	if stop() || !errors.Is(err, http.ErrServerClosed) { // it failed by itself
		return err
	}
	return <-stopped
}
