package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	quichttp "github.com/quic-go/quic-go/http3"

	"github.com/louche-graphql/louche/internal/network"
)

// ServeHTTP3 serves a UDP socket until ctx ends: HTTP/3, with the configuration of
// [Gateway.SetTLSConfig]. Then it takes no new requests, lets those in flight finish within
// grace, and cuts off the rest.
func (g *Gateway) ServeHTTP3(ctx context.Context, socket net.PacketConn, handler http.Handler, grace func() time.Duration) error {
	limits := g.configuration().limits
	requests := new(requestCount)
	server := &quichttp.Server{Handler: requests.count(handler), MaxHeaderBytes: limits.Header, IdleTimeout: limits.IdleTimeout}
	connections := &quicLimit{most: limits.Connections, perAddress: limits.ConnectionsPerAddress, trusted: g.isProxy, open: newOpenConnections(), counts: &g.connections}
	transport := &quic.Transport{Conn: socket, ConnContext: connections.admit,
		// A packet from a forged address would count for it.
		VerifySourceAddress: func(net.Addr) bool { return true }}
	defer transport.Close()
	listener, err := transport.Listen(quichttp.ConfigureTLSConfig(g.tlsConfig()), &quic.Config{
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

// A requestCount counts requests in flight.
type requestCount struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n is 0; nil: no call of wait
}

func (c *requestCount) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.add(1)
		defer c.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (c *requestCount) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n += n; c.n == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

// wait waits until there is none, or ctx ends.
func (c *requestCount) wait(ctx context.Context) {
	c.mu.Lock()
	none := make(chan struct{})
	if c.n == 0 {
		close(none)
	} else {
		c.none = none
	}
	c.mu.Unlock()
	select {
	case <-none:
	case <-ctx.Done():
	}
}

// A quicLimit bounds the connections of HTTP/3, by limits.connections and
// limits.connections_per_address.
type quicLimit struct {
	most, perAddress int
	trusted          func(netip.Addr) bool
	counts           *connectionCounts

	mu   sync.Mutex
	open openConnections
}

var errConnections = errors.New("too many connections")

// admit is for [quic.Transport.ConnContext].
func (l *quicLimit) admit(ctx context.Context, client *quic.ClientInfo) (context.Context, error) {
	addr := addressOf(client.RemoteAddr)
	of := network.Of(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open.total >= l.most || l.open.of[of] >= l.perAddress && !l.trusted(addr) {
		return nil, errConnections
	}
	l.open.add(of)
	l.counts[http3].Add(1)
	context.AfterFunc(ctx, func() { l.leave(of) })
	return ctx, nil
}

func (l *quicLimit) leave(of netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[http3].Add(-1)
	l.open.remove(of)
}
