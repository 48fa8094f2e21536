package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// idlePool is a pool of connected nodes that started long ago. Their connections
// cannot make calls.
func idlePool(cfg PoolConfig, nodes int) *Pool {
	p := NewPool(nil, cfg, slog.New(slog.DiscardHandler))
	var members []*member
	for i := range nodes {
		m := &member{
			target:  NodeAddr{Name: fmt.Sprintf("node%d@127.0.0.1", i), Addr: netip.MustParseAddrPort("127.0.0.1:1")},
			peer:    &peer{},
			pool:    p,
			idle:    make(chan struct{}),
			breaker: newBreaker("", p.cfg.Breaker, p.log),
		}
		comeUp(m, 1, time.Now().Add(-time.Hour))
		members = append(members, m)
	}
	p.members.Store(&members)
	return p
}

func comeUp(m *member, creation uint32, since time.Time) {
	conn := erldist.New(nil, erldist.Node{}, erldist.Peer{Name: m.target.Name, Creation: creation}, erldist.Options{})
	c := &liveConn{Conn: conn, since: since.Add(-time.Minute)} // its applications took a minute to start
	c.progress.phase.Store(int32(started))
	c.progress.startedAt.Store(&since)
	m.peer.current.Store(c)
}

// load makes callers call without a pause, and returns the share of calls that each
// node answered. latency is the duration of a call.
func load(t *testing.T, p *Pool, callers int, during time.Duration, latency func(node int) time.Duration) []float64 {
	members := *p.members.Load()
	answered := make([]atomic.Int64, len(members))
	var total atomic.Int64
	end := time.Now().Add(during)
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			for time.Now().Before(end) {
				slot, err := p.acquire(t.Context(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				node := slices.Index(members, slot.member)
				time.Sleep(latency(node))
				slot.release(nil, healthy)
				answered[node].Add(1)
				total.Add(1)
			}
		})
	}
	calling.Wait()
	shares := make([]float64, len(members))
	for i := range answered {
		shares[i] = float64(answered[i].Load()) / float64(total.Load())
	}
	return shares
}

// enoughCalls is how long one caller makes calls of 10 ms until their shares hardly depend on
// chance: 64,000 calls. A share of a thousand calls varies by several hundredths.
const enoughCalls = 640 * time.Second

func always(d time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return d }
}

func TestNodesThatAreEqualGetEqualShares(t *testing.T) {
	for _, callers := range []int{1, 8, 64} {
		synctest.Test(t, func(t *testing.T) {
			during := enoughCalls / time.Duration(callers)
			for node, share := range load(t, idlePool(PoolConfig{}, 3), callers, during, always(10*time.Millisecond)) {
				if share < 0.28 || share > 0.39 {
					t.Errorf("%d callers: node %d answered %.0f %% of calls", callers, node, 100*share)
				}
			}
		})
	}
}

// A slightly faster node does not get all calls.
func TestSlightlyFasterNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		latency := func(node int) time.Duration { return 10*time.Millisecond + time.Duration(node)*100*time.Microsecond }
		for node, share := range load(t, idlePool(PoolConfig{}, 3), 1, enoughCalls, latency) {
			if share < 0.28 || share > 0.39 {
				t.Errorf("node %d answered %.0f %% of calls", node, 100*share)
			}
		}
	})
}

// A slow node gets hardly any calls, but some, and gets its share once it is fast
// again.
func TestSlowNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := time.Second
		latency := func(node int) time.Duration {
			if node == 0 {
				return slow
			}
			return 10 * time.Millisecond
		}
		p := idlePool(PoolConfig{}, 3)
		load(t, p, 16, 2*time.Second, latency)
		if share := load(t, p, 16, 30*time.Second, latency)[0]; share == 0 || share > 0.002 {
			t.Errorf("a node 100 times slower answered %.3f %% of calls, want hardly any but some", 100*share)
		}
		slow = 10 * time.Millisecond
		load(t, p, 16, 30*time.Second, latency)
		if share := load(t, p, 16, 10*time.Second, latency)[0]; share < 0.28 {
			t.Errorf("a node that is fast again answered %.0f %% of calls", 100*share)
		}
	})
}

// A single slow document does not make its node slow.
func TestOneSlowCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 2)
		load(t, p, 4, time.Second, always(10*time.Millisecond))
		once := sync.OnceFunc(func() { time.Sleep(2 * time.Second) })
		latency := func(node int) time.Duration {
			if node == 0 {
				once()
			}
			return 10 * time.Millisecond
		}
		load(t, p, 1, 2*time.Second, latency)
		if share := load(t, p, 8, 10*time.Second, always(10*time.Millisecond))[0]; share < 0.4 {
			t.Errorf("after one slow call a node answered %.0f %% of calls", 100*share)
		}
	})
}

// A node that fails at once is not fast.
func TestFailuresDoNotCountAsFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 1)
		load(t, p, 1, time.Second, always(10*time.Millisecond))
		m := (*p.members.Load())[0]
		for _, err := range []error{&CallError{}, &erldist.LostError{}, context.Canceled} {
			slot, _ := p.acquire(t.Context(), nil)
			slot.release(err, uncounted)
			if got := m.latency.duration().Round(time.Millisecond); got != 10*time.Millisecond {
				t.Errorf("after %T at once its latency is %v, want 10ms", err, got)
			}
		}
		slot, _ := p.acquire(t.Context(), nil)
		time.Sleep(30 * time.Second)
		slot.release(context.DeadlineExceeded, uncounted)
		if got := m.latency.duration(); got < 20*time.Millisecond {
			t.Errorf("after an abandoned call its latency is %v", got)
		}
	})
}

func TestWarmup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 3)
		latency := always(10 * time.Millisecond)
		load(t, p, 32, time.Second, latency)
		comeUp((*p.members.Load())[0], 2, time.Now())
		for _, step := range []struct{ least, most float64 }{{0.01, 0.15}, {0.1, 0.3}, {0.28, 0.39}} {
			if share := load(t, p, 32, 5*time.Second, latency)[0]; share < step.least || share > step.most {
				t.Errorf("a node that comes up answered %.0f %% of calls, want %.0f to %.0f %%", 100*share, 100*step.least, 100*step.most)
			}
		}
	})
}

func TestInFlightAndQueueAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{Load: LoadConfig{InFlight: 2, Queue: 3, QueueTime: time.Second}}, 2)
		var slots []*slot
		for range 4 {
			slot, err := p.acquire(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			slots = append(slots, slot)
		}
		// Three calls wait, in order. The fourth does not.
		var order []int
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 3 {
			go func() {
				slot, err := p.acquire(ctx, nil)
				if err != nil {
					order = append(order, -i)
					return
				}
				order = append(order, i)
				slots = append(slots, slot)
			}()
			synctest.Wait()
		}
		if _, err := p.acquire(t.Context(), nil); !errors.Is(err, ErrOverloaded) {
			t.Errorf("%v, want %v", err, ErrOverloaded)
		}
		if got := p.Status(); got.InFlight != 4 || got.Queued != 3 || got.Overloaded != 1 {
			t.Errorf("status %+v", got)
		}
		slots[0].release(nil, healthy)
		synctest.Wait()
		slots[1].release(nil, healthy)
		synctest.Wait()
		if !slices.Equal(order, []int{0, 1}) {
			t.Errorf("slots were given to %v, want the first two", order)
		}
		cancel()
		synctest.Wait()
		if !slices.Equal(order, []int{0, 1, -2}) || p.Status().Queued != 0 {
			t.Errorf("after a client left: %v, %d queued", order, p.Status().Queued)
		}
		// A call that waits for too long is refused.
		began := time.Now()
		if _, err := p.acquire(t.Context(), nil); !errors.Is(err, ErrOverloaded) || time.Since(began) != time.Second {
			t.Errorf("%v after %v, want %v after 1s", err, time.Since(began), ErrOverloaded)
		}
		for _, slot := range slots {
			slot.release(nil, healthy)
		}
	})
}

// Calls that are restricted to full nodes do not delay calls for others.
func TestFullNodesDoNotDelayOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{Load: LoadConfig{InFlight: 1, QueueTime: time.Second}}, 2)
		for i, m := range *p.members.Load() {
			m.schema.Store(&connSchema{m.peer.current.Load(), SchemaState{Hash: strconv.Itoa(i)}})
		}
		only := func(node int) NodeFilter {
			return func(s SchemaState) bool { return s.Hash == strconv.Itoa(node) }
		}
		if _, err := p.acquire(t.Context(), only(0)); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			go p.acquire(t.Context(), only(0)) // wait in vain
		}
		synctest.Wait()
		other, err := p.acquire(t.Context(), only(1))
		if err != nil {
			t.Fatalf("a call for the idle node: %v", err)
		}
		served := make(chan error)
		go func() {
			_, err := p.acquire(t.Context(), only(1))
			served <- err
		}()
		synctest.Wait()
		other.release(nil, healthy)
		began := time.Now()
		if err := <-served; err != nil || time.Since(began) > 0 {
			t.Errorf("behind them, a slot on the other node was given after %v, %v", time.Since(began), err)
		}
	})
}

// A slot that the first waiter cannot use goes to the next.
func TestQueueWakesTheNext(t *testing.T) {
	q := queue{max: 2}
	first, _ := q.enqueue()
	second, _ := q.enqueue()
	q.dequeue(first)
	select {
	case <-second.Value.(chan struct{}):
	default:
		t.Error("the slot is lost")
	}
}

func TestRetryBudget(t *testing.T) {
	b := newBudget(0.1)
	spent := func() (n int) {
		for b.withdraw() {
			n++
		}
		return n
	}
	if n := spent(); n != initialBudget {
		t.Errorf("%d at first, want %d", n, initialBudget)
	}
	for range 1000 {
		b.deposit()
	}
	if n := spent(); n < 99 || n > 100 {
		t.Errorf("%d after 1000 calls, want 100", n)
	}
	for range 1_000_000 {
		b.deposit()
	}
	if n := spent(); n != maxBudget {
		t.Errorf("%d after a million calls, want %d", n, maxBudget)
	}
}
