package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/dist"
)

// Why a node takes no call now.
var (
	errAway = errors.New("not connected, not started, drained or taken away")
	errFull = errors.New("has as many calls as it may have")
)

// member is a node in a pool.
type member struct {
	target Target
	peer   *peer
	pool   *Pool
	found  atomic.Pointer[found] // by the pool's inspector
	stop   context.CancelFunc    // of the inspection

	mu       sync.Mutex
	calls    int // under way
	listed   bool
	retired  bool
	idle     chan struct{} // closed when retired and without calls
	creation uint32        // of the node that breaker and latency are about
	breaker  breaker
	latency  latency
}

func newMember(t Target, p *Pool) *member {
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
func (m *member) connection() *connected {
	c := m.peer.current.Load()
	if c == nil || !c.takesCalls() || !m.foundOf(c).callable || m.peer.drained.Load() {
		return nil
	}
	return c
}

// take takes a place on the node. Errors are errAway, errFull and those of the
// breaker.
func (m *member) take(now time.Time) (*place, error) {
	conn := m.connection()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case conn == nil || m.retired:
		return nil, errAway
	case m.calls >= m.pool.cfg.Load.InFlight:
		return nil, errFull
	}
	if c := conn.Peer().Creation; c != m.creation {
		// It has been started anew: what was learnt is of another one.
		if m.creation != 0 {
			m.breaker = newBreaker(m.target.Name, m.pool.cfg.Breaker, m.pool.log)
		}
		m.creation, m.latency = c, latency{}
	}
	count, err := m.breaker.start()
	if err != nil {
		return nil, err
	}
	m.calls++
	return &place{m, conn, count, now}, nil
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
type place struct {
	*member
	conn  *connected
	count func(error) // of the breaker
	began time.Time
}

// execute runs the call, and gives the place up whatever happens.
func (p *place) execute(ctx context.Context, args []byte) (answer *Answer, err error) {
	defer func() { p.leave(err) }()
	answer, err = p.conn.execute(ctx, args)
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		err = fmt.Errorf("call on %s: %w", p.target.Name, err)
	}
	return answer, err
}

func (p *place) leave(err error) {
	now := time.Now()
	p.count(err)
	m := p.member
	m.mu.Lock()
	if took := now.Sub(p.began); m.creation == p.conn.Peer().Creation && saysHowLong(err, took, m.latency) {
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
// that failed does not: a node that fails at once is not a fast one. One that
// somebody stopped waiting for does if it was slow already.
func saysHowLong(err error, took time.Duration, known latency) bool {
	var large *dist.TooLargeError
	switch {
	case err == nil, errors.As(err, &large):
		return true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return took > known.duration()
	}
	return false
}
