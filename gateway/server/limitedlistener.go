package server

import (
	"container/list"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
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

// Descriptors returns the most file descriptors that so many connections of clients, and those
// of operators, need.
func Descriptors(connections int) int { return connections + maxSurplus + maxOperators + spareFiles }

// LimitClients bounds the connections that a listener for clients accepts, by
// limits.connections and limits.connections_per_address. Connections from announcing begin with
// a header of the PROXY protocol.
func (s *Server) LimitClients(listener net.Listener, announcing []netip.Prefix) net.Listener {
	limits := s.Limits()
	return &limitedListener{
		Listener:    listener,
		most:        limits.Connections,
		perAddress:  limits.ConnectionsPerAddress,
		trusted:     s.IsProxy,
		announcing:  announcing,
		readTimeout: limits.ReadTimeout,
		head:        limits.Header,
		memory:      s.Memory,
		timeout:     s.writeTimeout,
		open:        newOpenConnections(),
		counts:      &s.counts,
		log:         s.Log,
	}
}

// LimitOperators bounds the connections that a listener for operators accepts. It accepts
// them also when the process has no file descriptor left.
func (s *Server) LimitOperators(listener net.Listener) net.Listener {
	return &limitedListener{
		Listener:   listener,
		most:       maxOperators,
		perAddress: maxOperators,
		trusted:    s.IsProxy,
		head:       s.Limits().Header,
		memory:     s.Operators,
		timeout:    s.writeTimeout,
		open:       newOpenConnections(),
		counts:     &s.counts,
		spare:      newSpareDescriptors(),
	}
}

func (s *Server) writeTimeout() time.Duration { return s.Limits().WriteTimeout }

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
