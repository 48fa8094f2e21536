package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Why a node takes no call now.
var (
	errUnavailable = errors.New("not connected, not started, drained or taken away")
	errFull        = errors.New("has as many calls as it may have")
	errEjected     = errors.New("its breaker is open")
)

// member is a node in a pool.
type member struct {
	target NodeAddr
	peer   *peer
	pool   *Pool
	schema atomic.Pointer[connSchema] // nil: unknown
	stop   context.CancelFunc         // of the inspection

	mu       sync.Mutex
	calls    int // under way
	listed   bool
	retired  bool
	idle     chan struct{} // closed when retired and without calls
	creation uint32        // of the node that breaker and latency are about
	breaker  *breaker
	latency  latency
}

func newMember(t NodeAddr, p *Pool) *member {
	m := &member{
		target:  t,
		peer:    p.node.hold(t),
		pool:    p,
		stop:    func() {},
		listed:  true,
		idle:    make(chan struct{}),
		breaker: newBreaker(t.Name, p.cfg.Breaker, p.log),
	}
	if p.inspector != nil {
		m.inspect()
	}
	return m
}

// connection is what a new call would run on, nil if there is nothing.
func (m *member) connection() *liveConn {
	c := m.peer.current.Load()
	if c == nil || !c.takesCalls() || m.schemaState(c).Missing || m.peer.drained.Load() {
		return nil
	}
	return c
}

// take takes a place on the node. Errors are errAway, errFull and errEjected, the
// last unless it is to be taken anyway.
func (m *member) takeSlot(now time.Time, force bool) (*slot, error) {
	slot, breaker, err := m.occupy(now, force)
	breaker.logTransition()
	return slot, err
}

func (m *member) occupy(now time.Time, force bool) (*slot, *breaker, error) {
	conn := m.connection()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case conn == nil || m.retired:
		return nil, m.breaker, errUnavailable
	case m.calls >= m.pool.cfg.Load.InFlight:
		return nil, m.breaker, errFull
	}
	if c := conn.Peer().Creation; c != m.creation {
		// It has been started anew: what was learnt is of another one.
		if m.creation != 0 {
			m.breaker = newBreaker(m.target.Name, m.pool.cfg.Breaker, m.pool.log)
		}
		m.creation, m.latency = c, latency{}
	}
	done, err := m.breaker.start()
	switch {
	case err == nil:
	case force:
		done = m.breaker.count
	default:
		return nil, m.breaker, errEjected
	}
	m.calls++
	return &slot{m, conn, m.breaker, done, now}, m.breaker, nil
}

// standing says whether the node could be called if its breaker were closed, and
// whether that is open.
func (m *member) availability() (callable, ejected bool) {
	conn := m.connection()
	m.mu.Lock()
	defer m.mu.Unlock()
	callable = conn != nil && !m.retired
	return callable, callable && m.breaker.ejects()
}

// tally is how the node's calls have ended lately.
func (m *member) counts() callCounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.breaker.counts()
}

// list notes whether discovery still names the node.
func (m *member) list(listed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed = listed
}

// retire lets no call in any more and waits for those under way.
func (m *member) retire() {
	m.stop()
	m.mu.Lock()
	m.retired = true
	if m.calls == 0 {
		close(m.idle)
	}
	m.mu.Unlock()
	<-m.idle
}

// place is a call's on a node.
type slot struct {
	*member
	conn    *liveConn
	breaker *breaker
	done    func(h health, othersHealthy bool) // of the breaker
	began   time.Time
}

// execute runs the call, and gives the place up whatever happens. comparable is as in
// [healthOf].
func (p *slot) execute(ctx context.Context, args arguments, comparable bool) (result *Result, err error) {
	defer func() { p.release(err, healthOf(ctx, err, comparable)) }()
	result, err = p.conn.execute(ctx, args.forConn(p.conn))
	if endedWith(ctx, err) {
		err = fmt.Errorf("call on %s: %w", p.target.Name, err)
	}
	return result, err
}

func (p *slot) release(err error, h health) {
	now := time.Now()
	p.done(h, h == failed && p.pool.othersHealthy(p.member))
	p.breaker.logTransition()
	m := p.member
	m.mu.Lock()
	if took := now.Sub(p.began); m.creation == p.conn.Peer().Creation && measuresLatency(err, took, m.latency) {
		m.pool.typical.add(took)
		m.latency.add(took, m.pool.typical.load(), now)
	}
	if m.calls--; m.retired && m.calls == 0 {
		close(m.idle)
	}
	m.mu.Unlock()
	m.pool.queue.wake()
}

// saysHowLong says whether a call that ended so tells how fast the node is. One
// that failed does not: a node that fails at once is not a fast one. One that its
// caller gave up does if it was slow already. Latency orders the nodes and refuses
// no call, so that what clients choose can do no harm here: it is the same for
// every node.
func measuresLatency(err error, took time.Duration, known latency) bool {
	var large *erldist.TooLargeError
	switch {
	case err == nil, errors.As(err, &large):
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return took > known.duration()
	}
	return false
}
