package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/dist"
)

// Why no node was asked.
var (
	// ErrNoNode: no node is connected.
	ErrNoNode = errors.New("no live node")
	// ErrCircuitOpen: every connected node's breaker is open.
	ErrCircuitOpen = errors.New("the circuit breaker of every live node is open")
)

// PoolConfig is how calls are spread over the nodes of an application.
type PoolConfig struct {
	Breaker BreakerConfig `yaml:"breaker" envPrefix:"BREAKER_"`
}

// A Pool calls functions on the nodes it has been told of. It may be used by any
// number of goroutines.
type Pool struct {
	node *Node
	cfg  PoolConfig
	log  *slog.Logger

	mu      sync.Mutex // of changes to members
	members atomic.Pointer[[]*member]
	turn    atomic.Uint32
	gone    sync.WaitGroup // members that finish their calls
}

// NewPool makes an empty pool on a node. What cfg leaves out gets its default.
func NewPool(n *Node, cfg PoolConfig, log *slog.Logger) *Pool {
	cfg.Breaker.SetDefaults()
	p := &Pool{node: n, cfg: cfg, log: log}
	p.members.Store(new([]*member))
	return p
}

// Update adds nodes and takes others away. A node that is taken away gets no new
// calls, and is disconnected when those under way have ended.
func (p *Pool) Update(up, down []Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	members := slices.Clone(*p.members.Load())
	members = slices.DeleteFunc(members, func(m *member) bool {
		if !slices.Contains(down, m.target) {
			return false
		}
		p.gone.Go(func() {
			m.retire()
			p.node.release(m.peer)
		})
		return true
	})
	for _, t := range up {
		members = append(members, &member{
			target:  t,
			peer:    p.node.hold(t),
			breaker: newBreaker(t.Name, p.cfg.Breaker, p.log),
			idle:    make(chan struct{}),
		})
	}
	p.members.Store(&members)
}

// Close takes every node away and waits until their calls have ended or ctx has.
func (p *Pool) Close(ctx context.Context) error {
	var all []Target
	for _, m := range *p.members.Load() {
		all = append(all, m.target)
	}
	p.Update(nil, all)
	done := make(chan struct{})
	go func() {
		p.gone.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready says whether some node is connected.
func (p *Pool) Ready() bool {
	for _, m := range *p.members.Load() {
		if m.peer.current.Load() != nil {
			return true
		}
	}
	return false
}

// RetryAfter is when to try again after [ErrNoNode] or [ErrCircuitOpen].
func (p *Pool) RetryAfter() time.Duration { return p.cfg.Breaker.Open }

// Call runs module:function on one of the nodes and waits for its value. args is
// an encoded proper list. Every atom in them lives for ever on the node.
//
// When ctx ends, the call is killed on the node. A call of which nothing was
// written to a lost connection goes to another node; one that may have run never
// does.
//
// Errors are the cause of ctx, [ErrNoNode], [ErrCircuitOpen], [*CallError],
// [*dist.LostError], [*dist.RefusedError] and [*dist.TooLargeError].
func (p *Pool) Call(ctx context.Context, module, function string, args []byte) (*Answer, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	*b = append(beginCall((*b)[:0], module, function), args...)
	*b = endCall(*b)
	return p.execute(ctx, *b)
}

// execute is Call with the finished argument list of erpc:execute_call.
func (p *Pool) execute(ctx context.Context, args []byte) (*Answer, error) {
	for {
		m, conn, done, err := p.pick()
		if err != nil {
			return nil, err
		}
		answer, err := m.execute(ctx, conn, args, done)
		var lost *dist.LostError
		if errors.As(err, &lost) && !lost.Sent {
			// The member may not have noticed yet that its connection is gone;
			// let go of it, so that the next pick is another.
			m.peer.current.CompareAndSwap(conn, nil)
			continue
		}
		return answer, err
	}
}

// pick chooses the next node, in turn, that is connected and whose breaker lets
// a call pass. done must be told how the call ended, and then the member.
func (p *Pool) pick() (m *member, conn *connected, done func(error), err error) {
	members := *p.members.Load()
	open := 0
	turn := p.turn.Add(1)
	for i := range uint32(len(members)) {
		m := members[(turn+i)%uint32(len(members))]
		conn := m.peer.current.Load()
		if conn == nil || !m.start() {
			continue
		}
		if done, err := m.breaker.start(); err == nil {
			return m, conn, done, nil
		}
		m.finish()
		open++
	}
	if open > 0 {
		return nil, nil, nil, fmt.Errorf("%w (%d of %d nodes)", ErrCircuitOpen, open, len(members))
	}
	return nil, nil, nil, fmt.Errorf("%w (%d known)", ErrNoNode, len(members))
}

// member is a node in a pool.
type member struct {
	target  Target
	peer    *peer
	breaker breaker

	mu      sync.Mutex
	calls   int // under way
	retired bool
	idle    chan struct{} // closed when retired and without calls
}

// execute runs a call that was counted, and counts it off whatever happens.
func (m *member) execute(ctx context.Context, conn *connected, args []byte, done func(error)) (answer *Answer, err error) {
	defer func() {
		done(err)
		m.finish()
	}()
	return conn.execute(ctx, args)
}

// start counts a call, unless the member is retired.
func (m *member) start() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.retired {
		return false
	}
	m.calls++
	return true
}

func (m *member) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls--; m.retired && m.calls == 0 {
		close(m.idle)
	}
}

// retire lets no call in any more and waits for those under way.
func (m *member) retire() {
	m.mu.Lock()
	m.retired = true
	if m.calls == 0 {
		close(m.idle)
	}
	m.mu.Unlock()
	<-m.idle
}
