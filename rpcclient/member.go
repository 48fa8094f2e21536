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

// The reasons why a node takes no call.
var (
	errUnavailable = errors.New("is not connected, not started, drained or removed")
	errFull        = errors.New("has the maximum number of calls")
	errEjected     = errors.New("its breaker is open")
)

// member is a node in a pool.
type member struct {
	target NodeAddr
	peer   *peer
	pool   *Pool
	schema atomic.Pointer[connSchema] // nil: unknown
	agent  atomic.Pointer[nodeAgent]  // nil: not loaded
	stop   context.CancelFunc         // of the inspector

	mu       sync.Mutex
	calls    int    // in flight
	total    uint64 // calls so far
	ended    CallTotals
	listed   bool
	retired  bool
	idle     chan struct{} // closed when the member is retired and has no calls
	creation uint32        // of the node that breaker and latency measure
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
	if len(p.inspectors) > 0 {
		m.inspect()
	}
	return m
}

// connection returns the connection for a new call, or nil.
func (m *member) connection() *liveConn {
	c := m.peer.current.Load()
	if c == nil || !m.takesCalls(c) {
		return nil
	}
	return c
}

// takesCalls reports whether the node gets new calls over a connection while that lives.
func (m *member) takesCalls(c *liveConn) bool {
	return c.takesCalls() && !m.schemaState(c).Missing && !m.peer.drained.Load() && !m.lacksAgent(c)
}

// lacksAgent reports whether the node gets no calls for want of the agent.
func (m *member) lacksAgent(c *liveConn) bool { return m.pool.needsAgent && m.agentOn(c) == nil }

// takeSlot takes a slot on the node. Errors are errUnavailable, errFull and, unless
// force is true, errEjected.
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
		// The node has restarted: its history does not count.
		if m.creation != 0 {
			m.breaker = newBreaker(m.target.Name, m.pool.cfg.Breaker, m.pool.log)
		}
		m.creation, m.latency = c, latency{}
	}
	done, err := m.breaker.start()
	switch {
	case err == nil:
	case force:
	default:
		return nil, m.breaker, errEjected
	}
	m.calls++
	m.total++
	return &slot{m, conn, m.breaker, done, now}, m.breaker, nil
}

// availability reports whether the node could take calls with a closed breaker, and
// whether it is ejected.
func (m *member) availability() (callable, ejected bool) {
	conn := m.connection()
	m.mu.Lock()
	defer m.mu.Unlock()
	callable = conn != nil && !m.retired
	return callable, callable && m.breaker.ejects()
}

// counts returns the counts of the breaker's window.
func (m *member) counts() callCounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.breaker.counts()
}

// list sets whether discovery lists the node.
func (m *member) list(listed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed = listed
}

// retire admits no new calls and waits for those in flight.
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

// slot is one call's reservation on a node.
type slot struct {
	*member
	conn    *liveConn
	breaker *breaker
	done    func(h health, othersHealthy bool) // reports to the breaker; nil: the breaker counts the call
	began   time.Time
}

// execute runs the call and releases the slot. comparable is as in [healthOf].
func (s *slot) execute(ctx context.Context, args arguments, comparable bool, options erldist.Spawn) (result *Result, err error) {
	defer func() { s.release(err, healthOf(ctx, err, comparable)) }()
	result, err = s.conn.execute(ctx, args.forNode(s), options)
	for args.repeats(s, result, err) {
		result, err = s.conn.execute(ctx, args.forNode(s), options)
	}
	if endedWith(ctx, err) {
		err = fmt.Errorf("call on %s: %w", s.target.Name, err)
	}
	return result, err
}

// settle reports to the breaker that the node has begun a call that may take long.
func (s *slot) settle() {
	if s.done != nil {
		s.done(healthy, true)
		s.done = nil
		s.breaker.logTransition()
	}
}

func (s *slot) release(err error, h health) {
	now := time.Now()
	othersHealthy := h == failed && s.pool.othersHealthy(s.member)
	if s.done != nil {
		s.done(h, othersHealthy)
	} else {
		s.breaker.count(h, othersHealthy)
	}
	s.breaker.logTransition()
	m := s.member
	m.mu.Lock()
	elapsed := now.Sub(s.began)
	m.ended.add(elapsed, now, err, h)
	if m.creation == s.conn.Peer().Creation && measuresLatency(err, elapsed, m.latency) {
		m.pool.typical.add(elapsed)
		m.latency.add(elapsed, m.pool.typical.load(), now)
	}
	if m.calls--; m.retired && m.calls == 0 {
		close(m.idle)
	}
	m.mu.Unlock()
	m.pool.queue.wake()
}

// measuresLatency reports whether the duration of a call counts as latency. A failed
// call does not count: failing fast is not being fast. A call that its client gave up
// counts if it was already slow. Clients cannot abuse this: latency only orders nodes,
// and every node sees the same clients.
func measuresLatency(err error, elapsed time.Duration, known latency) bool {
	_, large := errors.AsType[*erldist.TooLargeError](err)
	switch {
	case err == nil, large:
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return elapsed > known.duration()
	}
	return false
}
