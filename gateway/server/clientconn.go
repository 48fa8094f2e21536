package server

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

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
	if Protocol(c.protocol.Load()) == http2 {
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
func (c *clientConn) begin(p Protocol) {
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

// IsSurplus reports whether a request came over a surplus connection.
func IsSurplus(r *http.Request) bool {
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
