package gateway

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/network"
	"github.com/louche-graphql/louche/internal/nonblock"
)

// maxSurplus is how many connections past the limit are accepted for a moment: to answer
// health checks, and to refuse the requests of other clients with a response.
const maxSurplus = 64

// maxOperators is the most open connections of operators.
const maxOperators = 128

// LimitClients bounds the connections that a listener for clients accepts, by
// limits.connections and limits.connections_per_address. Connections from announcing begin with
// a header of the PROXY protocol.
func (g *Gateway) LimitClients(listener net.Listener, announcing []netip.Prefix) net.Listener {
	limits := g.configuration().limits
	return &limitedListener{
		Listener:    listener,
		most:        limits.Connections,
		perAddress:  limits.ConnectionsPerAddress,
		trusted:     g.isProxy,
		announcing:  announcing,
		readTimeout: limits.ReadTimeout,
		head:        limits.Header,
		memory:      g.memory,
		timeout:     g.writeTimeout,
		open:        newOpenConnections(),
		counts:      &g.connections,
		log:         g.log,
	}
}

// LimitOperators bounds the connections that a listener for operators accepts. It accepts
// them also when the process has no file descriptor left.
func (g *Gateway) LimitOperators(listener net.Listener) net.Listener {
	return &limitedListener{
		Listener:   listener,
		most:       maxOperators,
		perAddress: maxOperators,
		trusted:    g.isProxy,
		head:       g.configuration().limits.Header,
		memory:     memory.NewBudget(adminMemory),
		timeout:    g.writeTimeout,
		open:       newOpenConnections(),
		counts:     &g.connections,
		spare:      newSpareDescriptors(),
	}
}

func (g *Gateway) writeTimeout() time.Duration { return g.configuration().limits.WriteTimeout }

// isProxy reports whether an address is that of a trusted proxy, whose connections are those
// of many clients.
func (g *Gateway) isProxy(addr netip.Addr) bool {
	apps := g.configuration().apps
	return len(apps) > 0 && apps[0].Proxies.Contains(addr)
}

// A limitedListener accepts every connection. Past a limit it closes the connection that has
// been idle for longest, of the same network or of all. If none is idle, the new connection is
// surplus. Past maxSurplus of these it closes the oldest.
type limitedListener struct {
	net.Listener
	most        int
	perAddress  int
	trusted     func(netip.Addr) bool
	announcing  auth.TrustedProxies // proxies that name the client by the PROXY protocol
	readTimeout time.Duration       // for their headers
	head        int                 // largest head of a request, in bytes
	memory      *memory.Budget
	timeout     func() time.Duration // for writing, of the current configuration
	spare       *spareDescriptors    // nil: none
	counts      *connectionCounts    // of all listeners
	log         *slog.Logger

	mu      sync.Mutex
	open    openConnections // without surplus
	idle    list.List       // of *clientConn without a request, the longest idle first
	newest  *clientConn     // accepted last
	surplus list.List       // of *clientConn, the oldest first
}

// Accept waits for the next connection.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		switch {
		case err == nil:
			return l.admit(conn), nil
		case !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE):
			return nil, err
		case !l.closeIdle(l.isOld) && !l.spare.use():
			return nil, err // net/http tries again in a moment
		}
	}
}

func (l *limitedListener) admit(conn net.Conn) *clientConn {
	c := &clientConn{Conn: nonblock.Wrap(conn), listener: l}
	client := addressOf(conn.RemoteAddr())
	if l.announcing.Contains(client) {
		c.announce()
		client = netip.Addr{}
	}
	c.network = network.Of(client)
	room := l.makeRoomFor(client) && l.makeRoom()
	l.mu.Lock()
	l.newest = c
	l.counts[noRequest].Add(1)
	var oldest *clientConn
	if room {
		l.open.add(c.network)
		c.slot = l.idle.PushBack(c)
	} else {
		oldest = l.addSurplus(c)
	}
	l.mu.Unlock()
	if oldest != nil {
		oldest.Close()
	}
	return c
}

// makeRoomFor closes an idle connection of a client that has as many as it may. It reports
// whether the client may have another one. An unknown client (an invalid address) may.
func (l *limitedListener) makeRoomFor(client netip.Addr) bool {
	of := network.Of(client)
	l.mu.Lock()
	share := l.open.of[of]
	l.mu.Unlock()
	if !client.IsValid() || l.trusted(client) || share < l.perAddress {
		return true
	}
	return l.closeIdle(func(idle *clientConn) bool { return idle.network == of })
}

// makeRoom closes an idle connection if the listener has as many as it may. It reports whether
// there is room for another one.
func (l *limitedListener) makeRoom() bool {
	return !l.full() || l.closeIdle(func(*clientConn) bool { return true })
}

// addSurplus adds a connection to surplus. It returns the one to close, or nil. The caller holds
// mu.
func (l *limitedListener) addSurplus(c *clientConn) (oldest *clientConn) {
	if l.surplus.Len() == maxSurplus {
		oldest = l.surplus.Front().Value.(*clientConn)
	}
	c.surplus = true
	c.slot = l.surplus.PushBack(c)
	return oldest
}

// addressOf returns the IP address of a peer. It is invalid for a Unix socket.
func addressOf(addr net.Addr) netip.Addr {
	withPort, _ := netip.ParseAddrPort(addr.String())
	return withPort.Addr().Unmap()
}

func (l *limitedListener) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open.total >= l.most
}

// isOld reports whether another connection was accepted later. Linux reports EMFILE before it
// looks for a connection to accept, so the one accepted last may still send its first request.
func (l *limitedListener) isOld(c *clientConn) bool { return c != l.newest }

// closeIdle closes the connection that has been idle for longest of those that match. It reports
// whether there was one. It calls matches with mu held.
func (l *limitedListener) closeIdle(matches func(*clientConn) bool) bool {
	l.mu.Lock()
	var found *clientConn
	for e := l.idle.Front(); e != nil && found == nil; e = e.Next() {
		if c := e.Value.(*clientConn); matches(c) {
			found = c
		}
	}
	l.mu.Unlock()
	if found == nil {
		return false
	}
	found.Close()
	return true
}

// Close closes the listener.
func (l *limitedListener) Close() error {
	l.spare.close()
	return l.Listener.Close()
}

// A clientConn is a connection of a limitedListener.
type clientConn struct {
	net.Conn
	listener *limitedListener
	identify func() // waits for the header of the PROXY protocol; nil: the connection has none
	surplus  bool
	protocol atomic.Int32

	// The listener's mu guards what follows.
	network  netip.Prefix  // of the client; invalid until the header names it
	slot     *list.Element // in the listener's idle or surplus; nil while it has requests
	requests int
	closed   bool

	head head
}

// Write writes with a deadline over HTTP/2, of which many streams share the connection. Over
// HTTP/1 the handler sets the deadline.
func (c *clientConn) Write(b []byte) (int, error) {
	if protocol(c.protocol.Load()) == http2 {
		c.SetWriteDeadline(time.Now().Add(c.listener.timeout()))
	}
	return c.Conn.Write(b)
}

// Close closes the connection and takes it off the listener's count.
func (c *clientConn) Close() error {
	l := c.listener
	l.mu.Lock()
	first := !c.closed
	if first {
		l.counts[c.protocol.Load()].Add(-1)
	}
	c.closed = true
	if l.newest == c {
		l.newest = nil
	}
	if first && c.surplus {
		l.surplus.Remove(c.slot)
	} else if first {
		if c.slot != nil {
			l.idle.Remove(c.slot)
		}
		l.open.remove(c.network)
	}
	l.mu.Unlock()
	err := c.Conn.Close()
	c.head.end()
	l.spare.refill()
	return err
}

// begin marks the begin of a request on the connection.
func (c *clientConn) begin(p protocol) {
	c.head.taken(p == http2)
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if before := c.protocol.Swap(int32(p)); !c.closed {
		l.counts[before].Add(-1)
		l.counts[p].Add(1)
	}
	if c.requests++; c.slot != nil && !c.surplus && !c.closed {
		l.idle.Remove(c.slot)
		c.slot = nil
	}
}

// end marks the end of a request on the connection.
func (c *clientConn) end() {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.requests--; c.requests > 0 || c.closed {
		return
	}
	c.head.next()
	if !c.surplus {
		c.slot = l.idle.PushBack(c)
	}
}

// keep keeps a connection that its request has taken from net/http from becoming idle. For
// [http.Server.ConnState].
func keep(conn net.Conn, state http.ConnState) {
	if c := clientConnOf(conn); c != nil && state == http.StateHijacked {
		c.listener.mu.Lock()
		defer c.listener.mu.Unlock()
		c.requests++
	}
}

// clientConnOf returns the connection of a limitedListener; nil: conn is none.
func clientConnOf(conn net.Conn) *clientConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, _ := conn.(*clientConn)
	return c
}

// connKey is the key of a request's *clientConn in its context.
type connKey struct{}

// withConn is for [http.Server.ConnContext].
func withConn(ctx context.Context, conn net.Conn) context.Context {
	if c := clientConnOf(conn); c != nil {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf returns the connection of a request; nil: no listener limits it.
func connOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(connKey{}).(*clientConn)
	return c
}

// isSurplus reports whether a request came over a surplus connection.
func isSurplus(r *http.Request) bool {
	c := connOf(r)
	return c != nil && c.surplus
}

// countRequests tells connections of their requests.
func countRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil {
			c.begin(protocolOf(r))
			defer c.end()
		}
		next.ServeHTTP(w, r)
	})
}
