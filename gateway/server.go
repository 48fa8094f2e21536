package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/louche-graphql/louche/gateway/telemetry"
)

// streams is the most concurrent requests on a connection of HTTP/2: the least that RFC 9113,
// section 6.5.2, recommends.
const streams = 100

// receiveBuffer bounds the bytes of bodies that a connection of HTTP/2 holds unread.
const receiveBuffer = 128 << 10

// Serve serves a listener until ctx ends: HTTP/1.1, and HTTP/2 with prior knowledge (h2c). Then
// it takes no new requests, lets those in flight finish within grace, and cuts off the rest.
func (g *Gateway) Serve(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := g.server(handler)
	return serve(ctx, server, listener.Addr(), grace, func() error { return server.Serve(listener) })
}

// ServeTLS is [Gateway.Serve] over TLS with the configuration of [Gateway.SetTLSConfig]. ALPN
// chooses the version of HTTP.
func (g *Gateway) ServeTLS(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := g.server(handler)
	server.TLSConfig = g.tlsConfig()
	return serve(ctx, server, listener.Addr(), grace, func() error { return server.ServeTLS(listener, "", "") })
}

func (g *Gateway) server(handler http.Handler) *http.Server {
	limits := g.configuration().limits
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
		ErrorLog:          telemetry.NewLibraryLog(g.log, "HTTP server"),
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          streams,
			MaxReceiveBufferPerConnection: receiveBuffer,
			MaxReceiveBufferPerStream:     receiveBuffer,
		},
	}
	server.RegisterOnShutdown(g.console.close)
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
