package rpcclient

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Reconnecting waits from minBackoff, doubled after each failure, to maxBackoff, or
// until discovery has seen the node. A connection that held for steadyAfter starts
// over.
const (
	minBackoff  = 100 * time.Millisecond
	maxBackoff  = 30 * time.Second
	steadyAfter = 10 * time.Second
)

// NodeAddr is the address of a node.
type NodeAddr struct {
	// Name is what the node is called until it introduces itself.
	Name string
	// Addr is where its distribution listens.
	Addr netip.AddrPort
}

// peer keeps one connection to one node, as long as it is held by a pool.
type peer struct {
	target  NodeAddr
	runtime *runtime
	dials   chan struct{} // of the node
	log     *slog.Logger
	holders int // guarded by Node.mu
	cancel  context.CancelFunc
	current atomic.Pointer[liveConn] // nil while there is no connection
	drained atomic.Bool              // by hand: no new calls
	retry   chan struct{}            // holds a token when the next try should not be waited for

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, when there is another connection or none, or another phase
}

func newPeer(t NodeAddr, n *Node, cancel context.CancelFunc) *peer {
	return &peer{target: t, runtime: n.runtime, dials: n.dials, log: n.log, cancel: cancel, retry: make(chan struct{}, 1), changed: make(chan struct{})}
}

// connect notes the connection that there is now, nil for none.
func (p *peer) setConn(c *liveConn) {
	p.current.Store(c)
	p.notify()
}

// tell wakes those who watch.
func (p *peer) notify() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

// watch returns the connection, and what is closed when it is another one, or its
// phase is.
func (p *peer) watch() (*liveConn, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current.Load(), p.changed
}

// seen says that discovery sees the node: if the peer waits to connect to it
// again, now is the time.
func (p *peer) retryNow() {
	if p.current.Load() != nil {
		return
	}
	select {
	case p.retry <- struct{}{}:
	default:
	}
}

// name is what the node calls itself, or until it has said so, what discovery
// calls it.
func (p *peer) name() string {
	if c := p.current.Load(); c != nil {
		return c.Peer().Name
	}
	return p.target.Name
}

// run connects, and connects again, until ctx ends.
func (p *peer) run(ctx context.Context) {
	backoff, lastError := minBackoff, ""
	reconnect := false
	for ctx.Err() == nil {
		began := time.Now()
		reached, err := p.session(ctx, reconnect)
		if ctx.Err() != nil {
			return
		}
		switch {
		case reached:
			reconnect = !closedByPeer(err)
			p.log.Warn("node down", "node", p.target.Name, "reason", err)
			lastError = ""
		case errorKind(err) != lastError: // the same failure is told once
			lastError = errorKind(err)
			p.log.Warn("cannot connect to node", "node", p.target.Name, "address", p.target.Addr, "reason", err)
		}
		if reached && time.Since(began) > steadyAfter {
			backoff = minBackoff
		}
		select {
		case <-time.After(backoff/2 + rand.N(backoff)): // #nosec G404 -- no secret
		case <-p.retry:
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// kindOf is an error's text without the local port, which differs at every try.
func errorKind(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// closedByPeer says whether the node itself ended a connection. Then it knows, and
// whatever connection it has under our name is another one: of a peer that found
// the same node at another address, say. To take that one's place would have both
// take turns.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// dial connects when it is this peer's turn.
func (p *peer) dial(ctx context.Context, reconnect bool) (*erldist.Conn, <-chan struct{}, error) {
	select {
	case p.dials <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { <-p.dials }()
	return p.runtime.dial(ctx, p.target.Name, p.target.Addr, reconnect)
}

// session is one connection from its dial to its end. reached says whether calls
// could be made.
func (p *peer) session(ctx context.Context, reconnect bool) (reached bool, err error) {
	conn, ended, err := p.dial(ctx, reconnect)
	if err != nil {
		return false, err
	}
	defer func() {
		conn.Close()
		<-ended
	}()
	setup, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	c, err := newLiveConn(setup, conn)
	if err != nil {
		return false, err
	}
	c.progress.changed = func(now phase) {
		what := map[phase]string{
			starting: "node is starting, and gets no calls yet",
			started:  "node up",
			stopping: "node is stopping, and gets no more calls",
		}[now]
		p.log.Info(what, "node", p.target.Name, "name", conn.Peer().Name, "address", p.target.Addr)
		p.notify()
	}
	p.setConn(c)
	defer p.setConn(nil)
	return true, c.pollPhase(ctx)
}
