package gateway

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"

	"github.com/louche-graphql/louche/internal/memory"
)

// maxSurplus is how many connections past their limit are accepted for a moment, to
// answer health checks and to tell other clients that there are too many.
const maxSurplus = 64

// maxOperators is the most open connections of operators.
const maxOperators = 128

// LimitClients bounds the connections that a listener for clients accepts, by
// limits.connections and limits.connections_per_address.
func (g *Gateway) LimitClients(listener net.Listener) net.Listener {
	limits := g.configured().limits
	return &limitedListener{
		Listener:   listener,
		most:       limits.Connections,
		perAddress: limits.ConnectionsPerAddress,
		trusted:    g.isProxy,
		head:       limits.Header,
		memory:     g.memory,
		open:       make(map[netip.Prefix]int),
	}
}

// LimitOperators bounds the connections that a listener for operators accepts. They
// are accepted also when the process has no file descriptor left.
func (g *Gateway) LimitOperators(listener net.Listener) net.Listener {
	return &limitedListener{
		Listener:   listener,
		most:       maxOperators,
		perAddress: maxOperators,
		trusted:    g.isProxy,
		head:       g.configured().limits.Header,
		memory:     memory.NewBudget(adminMemory),
		open:       make(map[netip.Prefix]int),
		spare:      newSpareDescriptors(),
	}
}

// isProxy says whether an address is that of a trusted proxy, which has the connections
// of many clients.
func (g *Gateway) isProxy(addr netip.Addr) bool {
	apps := g.configured().apps
	return len(apps) > 0 && apps[0].Proxies.Contains(addr)
}

// A limitedListener accepts every connection. Past its limits it closes the one that
// has been without a request for longest, of the same address or of all. Where every
// one has a request, the new connection is surplus, and of too many of those the
// oldest is closed.
type limitedListener struct {
	net.Listener
	most       int
	perAddress int
	trusted    func(netip.Addr) bool
	head       int // largest head of a request, in bytes
	memory     *memory.Budget
	spare      *spareDescriptors // nil: none

	mu      sync.Mutex
	open    map[netip.Prefix]int // by network; without surplus
	total   int                  // of open
	idle    list.List            // of *clientConn without a request, that for longest first
	surplus list.List            // of *clientConn, the oldest first
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
		case !l.closeIdle(nil) && !l.spare.use():
			return nil, err // net/http tries again in a moment
		}
	}
}

func (l *limitedListener) admit(conn net.Conn) *clientConn {
	c := &clientConn{Conn: conn, listener: l, network: networkOf(conn.RemoteAddr().String())}
	peer, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	exempt := !peer.IsValid() || l.trusted(peer.Addr().Unmap())
	l.mu.Lock()
	share := l.open[c.network]
	l.mu.Unlock()
	room := true
	switch {
	case !exempt && share >= l.perAddress:
		room = l.closeIdle(&c.network)
	case l.full():
		room = l.closeIdle(nil)
	}
	l.mu.Lock()
	var oldest *clientConn
	if room {
		l.open[c.network]++
		l.total++
		c.place = l.idle.PushBack(c)
	} else {
		if l.surplus.Len() == maxSurplus {
			oldest = l.surplus.Front().Value.(*clientConn)
		}
		c.surplus = true
		c.place = l.surplus.PushBack(c)
	}
	l.mu.Unlock()
	if oldest != nil {
		oldest.Close()
	}
	return c
}

func (l *limitedListener) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total >= l.most
}

// closeIdle closes the connection that has been without a request for longest, of one
// network if it is given. It reports whether there was one.
func (l *limitedListener) closeIdle(network *netip.Prefix) bool {
	l.mu.Lock()
	var found *clientConn
	for e := l.idle.Front(); e != nil && found == nil; e = e.Next() {
		if c := e.Value.(*clientConn); network == nil || c.network == *network {
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

// A clientConn is a connection that its listener knows.
type clientConn struct {
	net.Conn
	listener *limitedListener
	network  netip.Prefix
	surplus  bool

	// The listener's mu guards what follows.
	place    *list.Element // in the listener's idle or surplus; nil while it has requests
	requests int
	closed   bool

	head head
}

// Close closes the connection, and makes room for another one.
func (c *clientConn) Close() error {
	l := c.listener
	l.mu.Lock()
	first := !c.closed
	c.closed = true
	if first && c.surplus {
		l.surplus.Remove(c.place)
	} else if first {
		if c.place != nil {
			l.idle.Remove(c.place)
		}
		l.total--
		if l.open[c.network]--; l.open[c.network] == 0 {
			delete(l.open, c.network)
		}
	}
	l.mu.Unlock()
	err := c.Conn.Close()
	c.head.end()
	l.spare.refill()
	return err
}

// begin says that a request has come over the connection.
func (c *clientConn) begin(http2 bool) {
	c.head.taken(http2)
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.requests++; c.place != nil && !c.surplus && !c.closed {
		l.idle.Remove(c.place)
		c.place = nil
	}
}

// end says that a request which came over the connection is over.
func (c *clientConn) end() {
	l := c.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.requests--; c.requests > 0 || c.closed {
		return
	}
	c.head.next()
	if !c.surplus {
		c.place = l.idle.PushBack(c)
	}
}

// connKey is the key of a request's *clientConn in its context.
type connKey struct{}

// withConn is for [http.Server.ConnContext].
func withConn(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if c, ok := conn.(*clientConn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// connOf is the connection that a request has come over, nil if no listener limits it.
func connOf(r *http.Request) *clientConn {
	c, _ := r.Context().Value(connKey{}).(*clientConn)
	return c
}

// onSurplus says whether a request has come over a connection for which there is no
// room.
func onSurplus(r *http.Request) bool {
	c := connOf(r)
	return c != nil && c.surplus
}

// noting has connections know of their requests.
func noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil {
			c.begin(r.ProtoMajor == 2)
			defer c.end()
		}
		next.ServeHTTP(w, r)
	})
}
