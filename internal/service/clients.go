package service

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/louche-graphql/louche/gateway/server"
)

// listenHTTP3 opens the UDP socket for the port of a listener.
func listenHTTP3(clients net.Listener) (net.PacketConn, error) {
	socket, err := net.ListenPacket("udp", clients.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("http3: %w", err)
	}
	return socket, nil
}

// serveClients serves clients until ctx ends, over HTTP/3 as well if there is a UDP socket. The
// failure of one listener ends the other.
func (s *service) serveClients(ctx context.Context, listener net.Listener, socket net.PacketConn, grace func() time.Duration) error {
	listeners, handler := s.gateway.Server, s.gateway.Handler()
	switch {
	case socket != nil:
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() error {
			return listeners.ServeTLS(ctx, listener, server.AnnounceHTTP3(handler, socket), grace)
		})
		both.Go(func() error { return listeners.ServeHTTP3(ctx, socket, handler, grace) })
		return both.Wait()
	case s.initial.TLS.Enabled():
		return listeners.ServeTLS(ctx, listener, handler, grace)
	}
	return listeners.Serve(ctx, listener, handler, grace)
}
