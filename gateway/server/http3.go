package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"
	quichttp "github.com/quic-go/quic-go/http3"
)

// ServeHTTP3 serves a UDP socket until ctx ends: HTTP/3, with the configuration of
// [Server.SetTLSConfig]. Then it takes no new requests, lets those in flight finish within
// grace, and cuts off the rest.
func (s *Server) ServeHTTP3(ctx context.Context, socket net.PacketConn, handler http.Handler, grace func() time.Duration) error {
	limits := s.Limits()
	requests := new(requestCount)
	server := &quichttp.Server{Handler: requests.count(handler), MaxHeaderBytes: limits.Header, IdleTimeout: limits.IdleTimeout}
	connections := &quicLimit{most: limits.Connections, perAddress: limits.ConnectionsPerAddress, trusted: s.IsProxy, open: newOpenConnections(), counts: &s.counts}
	transport := &quic.Transport{Conn: socket, ConnContext: connections.admit,
		// A packet from a forged address would count for it.
		VerifySourceAddress: func(net.Addr) bool { return true }}
	defer transport.Close()
	listener, err := transport.Listen(quichttp.ConfigureTLSConfig(s.tlsConfig()), &quic.Config{
		MaxIncomingStreams:             streams,
		InitialStreamReceiveWindow:     receiveBuffer,
		MaxStreamReceiveWindow:         receiveBuffer,
		InitialConnectionReceiveWindow: receiveBuffer,
		MaxConnectionReceiveWindow:     receiveBuffer,
		MaxIdleTimeout:                 limits.IdleTimeout,
		HandshakeIdleTimeout:           min(limits.ReadTimeout, handshakeTimeout),
	})
	if err != nil {
		return fmt.Errorf("listen for HTTP/3 on %s: %w", socket.LocalAddr(), err)
	}
	return serve(ctx, &http3Server{server, listener, requests}, socket.LocalAddr(), grace, func() error { return server.ServeListener(listener) })
}

// handshakeTimeout bounds the handshake of QUIC.
const handshakeTimeout = 5 * time.Second

// AnnounceHTTP3 says in responses of next that HTTP/3 is served on the same port.
func AnnounceHTTP3(next http.Handler, socket net.PacketConn) http.Handler {
	addr := socket.LocalAddr().(*net.UDPAddr)
	announcement := fmt.Sprintf(`h3=":%d"; ma=86400`, addr.Port)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", announcement)
		next.ServeHTTP(w, r)
	})
}

// linger is the time in which the last answers arrive. Closing a connection of QUIC drops what
// the client has not acknowledged.
const linger = time.Second

// An http3Server is an [quichttp.Server] whose Shutdown does not wait for idle clients.
type http3Server struct {
	*quichttp.Server
	listener *quic.Listener
	requests *requestCount
}

// Shutdown takes no new connections and requests, and waits for the requests in flight.
func (s *http3Server) Shutdown(ctx context.Context) error {
	s.listener.Close()
	idle, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		s.requests.wait(ctx)
		select {
		case <-time.After(linger):
		case <-ctx.Done():
		}
	}()
	if err := s.Server.Shutdown(idle); ctx.Err() != nil {
		return err
	}
	return nil
}
