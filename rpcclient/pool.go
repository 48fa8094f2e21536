package rpcclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Why no node was asked.
var (
	// ErrNoNode: no node is connected, but for those that are drained, have not
	// started yet or are stopping.
	ErrNoNode = errors.New("no live node")
	// ErrOverloaded: every node has as many calls as it may have, and too many
	// wait already, or this one has waited for too long.
	ErrOverloaded = errors.New("every live node has as many calls as it may have")
)

// PoolConfig is how calls are spread over the nodes of an application.
type PoolConfig struct {
	Load    LoadConfig    `yaml:"load" envPrefix:"LOAD_"`
	Retry   RetryConfig   `yaml:"retry" envPrefix:"RETRY_"`
	Breaker BreakerConfig `yaml:"breaker" envPrefix:"BREAKER_"`
}

// SetDefaults fills what was left out.
func (c *PoolConfig) SetDefaults() {
	c.Load.SetDefaults()
	c.Retry.SetDefaults()
	c.Breaker.SetDefaults()
}

// Validate says what is wrong, naming the keys.
func (c *PoolConfig) Validate() error {
	return errors.Join(c.Load.Validate(), c.Retry.Validate(), c.Breaker.Validate())
}

// A Pool calls functions on the nodes it has been told of. It may be used by any
// number of goroutines.
type Pool struct {
	node *Node
	cfg  PoolConfig
	log  *slog.Logger

	inspector func(context.Context, *NodeConn)

	mu         sync.Mutex // of changes to members
	members    atomic.Pointer[[]*member]
	background sync.WaitGroup // members that finish their calls, and inspections

	queue   queue
	typical typicalLatency
	budget  *budget

	retries    atomic.Uint64
	overloaded atomic.Uint64
}

// NewPool makes an empty pool on a node. What cfg leaves out gets its default.
func NewPool(n *Node, cfg PoolConfig, log *slog.Logger) *Pool {
	cfg.SetDefaults()
	p := &Pool{node: n, cfg: cfg, log: log, queue: queue{max: cfg.Load.Queue}, budget: newBudget(cfg.Retry.Budget)}
	p.members.Store(new([]*member))
	return p
}

// maxUnlisted bounds the nodes of a pool that discovery does not name any more: a list
// that names others at every poll would add to them for ever.
const maxUnlisted = 256

// Update tells the pool which nodes there are. It connects to targets, and tries
// at once those that it waits to connect to again. A node that is no target any
// more is kept while it is connected and its address among addrs, where nodes may
// be: that it answers says more than that a list lacks it. Else, or if a target has
// another name for it, it gets no new calls, and is disconnected when those under way
// have ended.
func (p *Pool) Update(targets []NodeAddr, addrs []netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	missing, taken := make(map[NodeAddr]bool, len(targets)), make(map[netip.AddrPort]bool, len(targets))
	for _, t := range targets {
		missing[t], taken[t.Addr] = true, true
	}
	unlisted := 0
	var members, gone []*member
	for _, m := range *p.members.Load() {
		listed := missing[m.target]
		delete(missing, m.target)
		switch {
		case listed:
			m.peer.retryNow()
		case m.peer.current.Load() != nil && slices.Contains(addrs, m.target.Addr.Addr()) && !taken[m.target.Addr] && unlisted < maxUnlisted:
			unlisted++
		default:
			gone = append(gone, m)
			continue
		}
		m.list(listed)
		members = append(members, m)
	}
	for _, t := range targets {
		if missing[t] {
			delete(missing, t)
			members = append(members, newMember(t, p))
		}
	}
	p.members.Store(&members)
	for _, m := range gone { // after the new ones, which may need the same connections
		p.background.Go(func() {
			m.retire()
			p.node.release(m.peer)
		})
	}
}

// Close takes every node away and waits until their calls have ended or ctx has.
func (p *Pool) Close(ctx context.Context) error {
	p.Update(nil, nil)
	done := make(chan struct{})
	go func() {
		p.background.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready says whether some node can be called.
func (p *Pool) Ready() bool {
	return slices.ContainsFunc(*p.members.Load(), func(m *member) bool { return m.connection() != nil })
}

// RetryAfter is when to try again after [ErrNoNode].
func (p *Pool) RetryAfter() time.Duration { return p.cfg.Breaker.Open }

// Call runs module:function on one of the nodes and waits for its value. args is
// an encoded proper list. Every atom in them lives for ever on the node.
//
// When ctx ends, the call is killed on the node. That counts against the node if the
// cause is [ErrAppTimeout] and the other nodes answer. A call of which nothing was
// written to a lost connection goes to another node; one that may have run never
// does.
//
// Errors are or wrap the cause of ctx, [ErrNoNode], [ErrOverloaded], [*CallError],
// [*erldist.LostError], [*erldist.RefusedError] and [*erldist.TooLargeError].
func (p *Pool) Call(ctx context.Context, module, function string, args []byte) (*Result, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	*b = append(beginCall((*b)[:0], module, function), args...)
	*b = endCall(*b)
	return p.execute(ctx, fixedArguments(*b), false, nil)
}

// arguments are the finished argument list of erpc:execute_call.
type arguments interface {
	// on returns those for a connection. They are good until the next call of on.
	forConn(*liveConn) []byte
}

// sameArguments are the same for every node.
type fixedArguments []byte

func (a fixedArguments) forConn(*liveConn) []byte { return a }

// execute is Call with the finished arguments. A call
// that is repeatable may be sent to a second node when it is lost with its
// connection, or fails on a node that is starting or stopping. It is sent to those
// nodes only that fit, where fit is given.
func (p *Pool) execute(ctx context.Context, args arguments, repeatable bool, filter NodeFilter) (*Result, error) {
	p.budget.deposit()
	var previous error // on the node before
	for sent := 0; ; {
		slot, err := p.acquire(ctx, filter)
		if err != nil {
			return nil, cmp.Or(previous, err)
		}
		result, err := slot.execute(ctx, args, sent == 0 && filter == nil)
		var lost *erldist.LostError
		switch {
		case errors.As(err, &lost):
			// The member may not have noticed yet that its connection is gone; let
			// go of it, so that the next choice is another.
			slot.peer.current.CompareAndSwap(slot.conn, nil)
			if !lost.Sent {
				continue
			}
		case repeatable && slot.conn.failedByPhase(ctx, err):
		default:
			return result, err
		}
		if sent++; !repeatable || sent >= p.cfg.Retry.Nodes || !p.budget.withdraw() {
			return nil, err
		}
		p.retries.Add(1)
		previous = err
	}
}

// acquire takes a place on a node, and waits in the queue for one while every
// node has as many calls as it may have.
func (p *Pool) acquire(ctx context.Context, filter NodeFilter) (*slot, error) {
	// Who can go to some nodes only does not queue up for the others.
	if p.queue.length.Load() == 0 || filter != nil {
		if slot, err := p.choose(filter); err != errFull {
			return slot, err
		}
	}
	turn, full := p.queue.enqueue()
	if full {
		p.overloaded.Add(1)
		return nil, fmt.Errorf("%w, and %d more wait", ErrOverloaded, p.cfg.Load.Queue)
	}
	defer p.queue.dequeue(turn)
	expired := time.NewTimer(p.cfg.Load.QueueTime)
	defer expired.Stop()
	for {
		select {
		case <-turn.Value.(chan struct{}):
			if slot, err := p.choose(filter); err != errFull {
				return slot, err
			}
			if filter != nil {
				p.queue.wakeNext(turn)
			}
		case <-expired.C:
			p.overloaded.Add(1)
			return nil, fmt.Errorf("%w, for %v", ErrOverloaded, p.cfg.Load.QueueTime)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
