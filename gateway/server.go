package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// streams is how many requests there may be at once on a connection of HTTP/2: as
// few as the RFC recommends.
const streams = 100

// receiveBuffer is how many bytes of bodies a connection of HTTP/2 may hold that no
// request has taken yet.
const receiveBuffer = 128 << 10

// Serve answers on a listener until ctx ends: HTTP/1.1, and HTTP/2 with clients that
// know beforehand (h2c). Then it takes no new requests and lets those in flight
// finish, for at most grace; what is left after that is cut off.
func (g *Gateway) Serve(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := g.server(handler)
	return serve(ctx, server, listener, grace, func() error { return server.Serve(listener) })
}

// ServeTLS is [Gateway.Serve] over TLS, as last told by
// [Gateway.Present]; which version of HTTP is spoken is agreed on by ALPN.
func (g *Gateway) ServeTLS(ctx context.Context, listener net.Listener, handler http.Handler, grace func() time.Duration) error {
	server := g.server(handler)
	server.TLSConfig = g.tlsConfig()
	return serve(ctx, server, listener, grace, func() error { return server.ServeTLS(listener, "", "") })
}

func (g *Gateway) server(handler http.Handler) *http.Server {
	limits := g.configured().limits
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           noting(handler),
		ConnContext:       withConn,
		ReadHeaderTimeout: limits.ReadTimeout,
		IdleTimeout:       limits.IdleTimeout,
		MaxHeaderBytes:    limits.Header,
		ConnState:         g.countConnection,
		ErrorLog:          newLibraryLog(g.log, "HTTP server"),
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          streams,
			MaxReceiveBufferPerConnection: receiveBuffer,
			MaxReceiveBufferPerStream:     receiveBuffer,
			WriteByteTimeout:              limits.WriteTimeout,
		},
	}
}

func serve(ctx context.Context, server *http.Server, listener net.Listener, grace func() time.Duration, run func() error) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace := grace()
		limit, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err := server.Shutdown(limit)
		if err != nil {
			server.Close()
			err = fmt.Errorf("requests on %s were cut off: not done %v after no more were taken", listener.Addr(), grace)
		}
		stopped <- err
	})
	err := run()
	if stop() || !errors.Is(err, http.ErrServerClosed) { // it failed by itself
		return err
	}
	return <-stopped
}

func (g *Gateway) countConnection(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		g.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		g.connections.Add(-1)
	}
}
