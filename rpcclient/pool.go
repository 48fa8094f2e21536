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

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// Errors of calls that no node has seen.
var (
	// ErrNoNode: no node is connected, started and not drained.
	ErrNoNode = errors.New("no live node")
	// ErrOverloaded: every node has the maximum number of calls, and the queue is full
	// or the call has waited for the maximum time.
	ErrOverloaded = errors.New("every live node has the maximum number of calls")
)

// PoolConfig configures how calls are spread over the nodes of an application.
type PoolConfig struct {
	Load    LoadConfig    `yaml:"load" envPrefix:"LOAD_"`
	Retry   RetryConfig   `yaml:"retry" envPrefix:"RETRY_"`
	Breaker BreakerConfig `yaml:"breaker" envPrefix:"BREAKER_"`
	// Slow is the time after which a call's process on the node is asked what it does. 1s
	// unless set; 0: never.
	Slow *time.Duration `yaml:"slow" env:"SLOW"`
}

// SetDefaults sets the fields that are zero.
func (c *PoolConfig) SetDefaults() {
	c.Load.SetDefaults()
	c.Retry.SetDefaults()
	c.Breaker.SetDefaults()
	if c.Slow == nil {
		c.Slow = new(time.Second)
	}
}

// Validate reports everything that is wrong, with the keys.
func (c *PoolConfig) Validate() error {
	var slow error
	if c.Slow != nil {
		slow = keypath.NotNegative("slow", *c.Slow, "a time, such as 1s, or 0 for never")
	}
	return errors.Join(c.Load.Validate(), c.Retry.Validate(), c.Breaker.Validate(), slow)
}

// A Pool calls functions on the nodes it is given. It is safe for concurrent use.
type Pool struct {
	node *Node
	cfg  PoolConfig
	log  *slog.Logger

	inspectors []func(context.Context, *NodeConn)
	needsAgent bool // nodes get no calls without the agent

	mu         sync.Mutex // guards changes to members
	members    atomic.Pointer[[]*member]
	background sync.WaitGroup // retiring members and inspectors

	queue   queue
	typical typicalLatency
	budget  *budget

	counts *PoolCounts
}

// NewPool makes an empty pool on a node. It sets the defaults of cfg.
func NewPool(n *Node, cfg PoolConfig, log *slog.Logger) *Pool {
	cfg.SetDefaults()
	p := &Pool{node: n, cfg: cfg, log: log, queue: queue{max: cfg.Load.Queue}, budget: newBudget(cfg.Retry.Budget), counts: new(PoolCounts)}
	p.members.Store(new([]*member))
	return p
}

// PoolCounts count calls of a pool. They may go on in another pool.
type PoolCounts struct {
	Retries    atomic.Uint64 // calls sent to another node because a connection was lost
	Overloaded atomic.Uint64 // calls refused because every node had as many as it may have
	Prepared   atomic.Uint64 // calls that ran from prepared documents
}

// SetCounts has the pool count in counts that former pools may have used. It must be called
// before the first call.
func (p *Pool) SetCounts(counts *PoolCounts) { p.counts = counts }

// maxUnlisted bounds the kept nodes that discovery no longer lists. Lists that change
// at every poll would add to them for ever.
const maxUnlisted = 256

// Update sets the nodes of the pool. It connects to targets at once, cutting backoffs
// short. A node that is no longer a target is kept while it is connected and its
// address is in addrs, where nodes may be: a live connection is better evidence than a
// list. Otherwise, and if a target has the same address under another name, the node
// gets no new calls and is disconnected after its last call.
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

// Close removes every node and waits until their calls or ctx have ended.
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

// Ready reports whether a node is available for calls.
func (p *Pool) Ready() bool {
	return slices.ContainsFunc(*p.members.Load(), func(m *member) bool { return m.connection() != nil })
}

// RetryAfter is when to try again after [ErrNoNode].
func (p *Pool) RetryAfter() time.Duration { return p.cfg.Breaker.Open }

// Call runs module:function on one of the nodes and returns its value: the general
// form of what [Absinthe] does. args is an encoded proper list; its atoms are never
// freed on the node.
//
// The end of ctx kills the call on the node. It counts against the node if its cause
// is [ErrAppTimeout] and the other nodes answer. If the connection is lost before any
// byte of the call was written, the call goes to another node, otherwise to none.
//
// Errors are or wrap the cause of ctx, [ErrNoNode], [ErrOverloaded], [*CallError],
// [*erldist.LostError], [*erldist.RefusedError] and [*erldist.TooLargeError].
func (p *Pool) Call(ctx context.Context, module, function string, args []byte) (*Result, error) {
	b := buffers.Get().(*[]byte)
	defer putBuffer(b)
	*b = append(beginCall((*b)[:0], module, function), args...)
	*b = endCall(*b)
	return p.execute(ctx, fixedArguments(*b), false, nil, nil)
}

// arguments produce the complete argument list of erpc:execute_call.
type arguments interface {
	// forNode returns the list for a node. It is valid until the next forNode.
	forNode(*slot) []byte
	// repeats reports whether the node has run nothing, and gets other arguments at once.
	repeats(*slot, *Result, error) bool
}

// fixedArguments are the same for every node.
type fixedArguments []byte

func (a fixedArguments) forNode(*slot) []byte               { return a }
func (a fixedArguments) repeats(*slot, *Result, error) bool { return false }

// heapOfCall is the heap that the process of a call begins with, in words: 86 KiB on a 64-bit
// node. With the default of 233 words the node collects garbage several times, until the heap
// is large enough for Absinthe's run of a small query.
const heapOfCall = 10958

// execute is Call with the complete arguments. An idempotent call is retried on
// another node if its connection is lost, or if it fails on a node that is starting or
// stopping.
func (p *Pool) execute(ctx context.Context, args arguments, idempotent bool, filter NodeFilter, observer CallObserver) (*Result, error) {
	p.budget.deposit()
	var previous error // from the previous node
	for sent := 0; ; {
		slot, err := p.acquire(ctx, filter)
		if err != nil {
			return nil, cmp.Or(previous, err)
		}
		options := erldist.Spawn{MinHeapSize: heapOfCall}
		if observer != nil {
			observer.Sent(slot.conn.Peer().Name)
			options.Watch = erldist.Watch{Slow: *p.cfg.Slow, Subject: observer}
		}
		result, err := slot.execute(ctx, args, sent == 0 && filter == nil, options)
		lost, isLost := errors.AsType[*erldist.LostError](err)
		switch {
		case isLost:
			// The peer may not have noticed the loss yet. The next choice must be
			// another node.
			slot.peer.current.CompareAndSwap(slot.conn, nil)
			if !lost.Sent {
				continue
			}
		case isRemoved(err): // nothing has run, and the node gets no calls without the agent
			continue
		case idempotent && slot.conn.failedByPhase(ctx, err):
		default:
			return result, err
		}
		if sent++; !idempotent || sent >= p.cfg.Retry.Nodes || !p.budget.withdraw() {
			return nil, err
		}
		p.counts.Retries.Add(1)
		previous = err
	}
}

// acquire takes a slot on a node. While every node is full, it waits in the queue.
func (p *Pool) acquire(ctx context.Context, filter NodeFilter) (*slot, error) {
	// A call for some nodes does not queue behind calls for the others.
	if p.queue.length.Load() == 0 || filter != nil {
		if slot, err := p.choose(filter); err != errFull {
			return slot, err
		}
	}
	waiter, full := p.queue.enqueue()
	if full {
		p.counts.Overloaded.Add(1)
		return nil, fmt.Errorf("%w, and %d calls wait for one", ErrOverloaded, p.cfg.Load.Queue)
	}
	defer p.queue.dequeue(waiter)
	expired := time.NewTimer(p.cfg.Load.QueueTime)
	defer expired.Stop()
	for {
		select {
		case <-waiter.Value.(chan struct{}):
			if slot, err := p.choose(filter); err != errFull {
				return slot, err
			}
			if filter != nil {
				p.queue.wakeNext(waiter)
			}
		case <-expired.C:
			p.counts.Overloaded.Add(1)
			return nil, fmt.Errorf("%w: no slot within %v", ErrOverloaded, p.cfg.Load.QueueTime)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
