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

// A reconnection waits for minBackoff, doubled after each failure up to maxBackoff, or
// until discovery lists the node. A connection that lasts for steadyAfter resets the
// backoff.
const (
	minBackoff  = 100 * time.Millisecond
	maxBackoff  = 30 * time.Second
	steadyAfter = 10 * time.Second
)

// NodeAddr is the address of a node.
type NodeAddr struct {
	// Name stands for the node's own name until the handshake.
	Name string
	// Addr is the address of its distribution listener.
	Addr netip.AddrPort
}

// peer maintains one connection to one node while a pool holds it.
type peer struct {
	target  NodeAddr
	runtime *runtime
	dials   chan struct{} // of the node
	log     *slog.Logger
	holders int // guarded by Node.mu
	cancel  context.CancelFunc
	current atomic.Pointer[liveConn] // nil: not connected
	drained atomic.Bool              // by an operator: no new calls
	problem atomic.Pointer[string]   // why there is no connection; nil: there is one, or no attempt has ended
	retry   chan struct{}            // holds a token to cut the backoff short
	figures latestFigures
	slow    *SlowCalls // of the node

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when the connection, its phase or drained changes
}

func newPeer(t NodeAddr, n *Node, cancel context.CancelFunc) *peer {
	return &peer{target: t, runtime: n.runtime, dials: n.dials, slow: &n.slow, log: n.log, cancel: cancel, retry: make(chan struct{}, 1), changed: make(chan struct{})}
}

func (p *peer) setConn(c *liveConn) {
	p.current.Store(c)
	p.notify()
}

func (p *peer) notify() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

// watch returns the connection, and a channel that is closed when the connection, its
// phase or drained changes.
func (p *peer) watch() (*liveConn, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current.Load(), p.changed
}

// retryNow cuts the backoff short.
func (p *peer) retryNow() {
	if p.current.Load() != nil {
		return
	}
	select {
	case p.retry <- struct{}{}:
	default:
	}
}

// name is the node's own name if it is known, otherwise discovery's name for it.
func (p *peer) name() string {
	if c := p.current.Load(); c != nil {
		return c.Peer().Name
	}
	return p.target.Name
}

// run connects and reconnects until ctx ends.
func (p *peer) run(ctx context.Context) {
	backoff, lastError := minBackoff, ""
	reconnect := false
	for ctx.Err() == nil {
		began := time.Now()
		reached, err := p.session(ctx, reconnect)
		if ctx.Err() != nil {
			return
		}
		p.problem.Store(new(err.Error()))
		switch {
		case reached:
			reconnect = !closedByPeer(err)
			p.log.Warn("node down", "node", p.target.Name, "reason", err)
			lastError = ""
		case errorKind(err) != lastError: // a repeated failure is logged once
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

// errorKind is an error's text without the local port, which differs every time.
func errorKind(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// closedByPeer reports whether the node itself closed the connection. If it then
// refuses our name, it has another connection from us, for example of a peer that
// found it at another address. Displacing that one would make the two peers take
// turns.
func closedByPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// dial connects within the bound of concurrent dials.
func (p *peer) dial(ctx context.Context, reconnect bool) (*erldist.Conn, <-chan struct{}, error) {
	select {
	case p.dials <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	defer func() { <-p.dials }()
	return p.runtime.dial(ctx, p.target.Name, p.target.Addr, reconnect)
}

// session is one connection from dial to end. reached reports whether it could make
// calls.
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
		message := map[phase]string{
			starting: "node is starting",
			started:  "node up",
			stopping: "node is stopping",
		}[now]
		p.log.Info(message, "node", p.target.Name, "name", conn.Peer().Name, "address", p.target.Addr)
		p.notify()
	}
	p.problem.Store(nil)
	c.SetWatcher(func(due []erldist.DueCall) {
		if err := c.sample(ctx, due, p.slow); err != nil {
			p.log.Debug("cannot tell what slow calls do", "node", p.name(), "reason", err)
		}
	})
	p.setConn(c)
	defer p.setConn(nil)
	return true, c.pollPhase(ctx)
}
