package rpcclient

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

func TestHealthOf(t *testing.T) {
	silent, cancel := context.WithTimeoutCause(t.Context(), 0, ErrAppTimeout)
	defer cancel()
	shortened, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	left, leave := context.WithCancel(t.Context())
	leave()
	on := func(err error) error { return fmt.Errorf("call on a@127.0.0.1: %w", err) }
	for _, tt := range []struct {
		name       string
		ctx        context.Context
		err        error
		comparable bool
		want       health
	}{
		{"a value", t.Context(), nil, true, healthy},
		{"an error", t.Context(), &CallError{Class: "error", Reason: ":undef"}, true, healthy},
		{"an exit", t.Context(), &CallError{Class: "exit"}, true, healthy},
		{"a throw", t.Context(), &CallError{Class: "throw"}, true, healthy},
		{"a process that was killed", t.Context(), &CallError{Class: "signal", Reason: ":killed"}, true, healthy},
		{"a resolver that reached a limit", t.Context(), &CallError{Class: "error", Reason: ":system_limit"}, true, healthy},
		{"an answer that is too large", t.Context(), &erldist.TooLargeError{}, true, healthy},
		{"a crash as the deadline passes", shortened, &CallError{Class: "error"}, true, healthy},
		{"a client that left", left, on(context.Canceled), true, uncounted},
		{"a deadline that the client shortened", shortened, on(context.DeadlineExceeded), true, uncounted},
		{"silence of a node that had only a part of the time", silent, on(ErrAppTimeout), false, uncounted},
		{"silence", silent, on(ErrAppTimeout), true, failed},
		{"a lost connection", t.Context(), &erldist.LostError{Sent: true}, true, failed},
		{"a lost connection of a call for chosen nodes", t.Context(), &erldist.LostError{}, false, failed},
		{"a full process table", t.Context(), &erldist.RefusedError{Reason: "system_limit"}, true, failed},
	} {
		if got := healthOf(tt.ctx, tt.err, tt.comparable); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if !errors.Is(ErrAppTimeout, context.DeadlineExceeded) {
		t.Error("the application's own timeout is no deadline")
	}
}

// end makes calls on a node end in this way.
func end(t *testing.T, p *Pool, node, calls int, h health) {
	t.Helper()
	m := (*p.members.Load())[node]
	for range calls {
		slot, err := m.takeSlot(time.Now(), false)
		if err != nil {
			t.Fatal(err)
		}
		slot.release(nil, h)
	}
}

// ejected are the nodes whose breakers are not closed.
func ejected(p *Pool) (nodes []int) {
	for i, m := range *p.members.Load() {
		if m.breaker.ejects() {
			nodes = append(nodes, i)
		}
	}
	return nodes
}

// called are the nodes that get calls.
func called(t *testing.T, p *Pool, filter NodeFilter) (nodes []int) {
	t.Helper()
	members := *p.members.Load()
	for range 200 * len(members) {
		slot, err := p.choose(filter)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.Index(members, slot.member); !slices.Contains(nodes, i) {
			nodes = append(nodes, i)
		}
		slot.release(&CallError{}, uncounted) // without a latency, so that all nodes cost the same
	}
	slices.Sort(nodes)
	return nodes
}

func TestOutlierIsEjected(t *testing.T) {
	const calls = 20
	for _, tt := range []struct {
		name    string
		healthy []int // answered calls of each node, before the failing ones
		failed  []int
		want    []int
	}{
		{"one fails, the others answer", []int{0, calls, calls}, []int{calls, 0, 0}, []int{0}},
		{"half of its calls fail", []int{calls, calls, calls}, []int{calls, 0, 0}, []int{0}},
		{"fewer fail", []int{calls + 1, calls, calls}, []int{calls, 0, 0}, nil},
		{"there were too few calls", []int{0, calls, calls}, []int{calls - 1, 0, 0}, nil},
		{"there is no other node", []int{0}, []int{10 * calls}, nil},
		{"the other nodes had no calls", []int{0, 0, 0}, []int{10 * calls, 0, 0}, nil},
		{"the other nodes had too few calls", []int{0, 10, 9}, []int{10 * calls, 0, 0}, nil},
		{"all fail alike", []int{0, 0, 0}, []int{calls, calls, calls}, nil},
		{"documents that time out land on one more often", []int{calls, calls, calls}, []int{10, 11, calls}, nil},
		{"two fail, and one answers most calls", []int{0, 0, 10 * calls}, []int{calls, calls, 0}, []int{0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := idlePool(PoolConfig{}, len(tt.healthy))
				for node, n := range tt.healthy {
					end(t, p, node, n, healthy)
				}
				for node, n := range tt.failed {
					end(t, p, node, n, failed)
				}
				if got := ejected(p); !slices.Equal(got, tt.want) {
					t.Errorf("ejected %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// open opens the breakers of nodes, whatever the state of the others.
func open(p *Pool, nodes ...int) {
	for _, i := range nodes {
		b := (*p.members.Load())[i].breaker
		for range p.cfg.Breaker.Calls {
			b.count(failed, true)
		}
	}
}

// Calls go out however many breakers are open.
func TestNodesAreNeverAllEjected(t *testing.T) {
	for _, tt := range []struct {
		nodes int
		share float64
		open  []int
		want  []int
	}{
		{1, 0.5, []int{0}, []int{0}},
		{1, 1, []int{0}, []int{0}},
		{2, 0.5, []int{0}, []int{1}},
		{2, 0.5, []int{0, 1}, []int{0, 1}},
		{3, 0.5, []int{1}, []int{0, 2}},
		{3, 0.5, []int{0, 1}, []int{0, 1, 2}},
		{4, 0.5, []int{0, 1}, []int{2, 3}},
		{4, 0.5, []int{0, 1, 2}, []int{0, 1, 2, 3}},
		{4, 0.1, []int{0}, []int{0, 1, 2, 3}},
		{4, 1, []int{0, 1, 2}, []int{3}},
		{4, 1, []int{0, 1, 2, 3}, []int{0, 1, 2, 3}},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := idlePool(PoolConfig{Breaker: BreakerConfig{MaxEjected: tt.share}}, tt.nodes)
			open(p, tt.open...)
			if got := ejected(p); !slices.Equal(got, tt.open) {
				t.Fatalf("%+v: breakers of %v are open", tt, got)
			}
			if got := called(t, p, nil); !slices.Equal(got, tt.want) {
				t.Errorf("%+v: calls go to %v", tt, got)
			}
		})
	}
}

// Only the nodes that a filter selects count for its calls.
func TestFilteredNodesAreNeverAllEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 4)
		for i, m := range *p.members.Load() {
			m.schema.Store(&connSchema{m.peer.current.Load(), SchemaState{Hash: strconv.Itoa(i)}})
		}
		open(p, 0, 1)
		for _, tt := range []struct{ fit, want []int }{
			{[]int{0}, []int{0}},
			{[]int{0, 1}, []int{0, 1}},
			{[]int{0, 2}, []int{2}},
			{[]int{0, 1, 2}, []int{0, 1, 2}},
			{[]int{0, 1, 2, 3}, []int{2, 3}},
		} {
			only := func(s SchemaState) bool {
				i, err := strconv.Atoi(s.Hash)
				return err == nil && slices.Contains(tt.fit, i)
			}
			if got := called(t, p, only); !slices.Equal(got, tt.want) {
				t.Errorf("calls for %v go to %v, want %v", tt.fit, got, tt.want)
			}
		}
	})
}

// An ejected node is called if it is the last available one.
func TestEjectedNodeIsCalledWhenTheOthersAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{Breaker: BreakerConfig{MaxEjected: 1}}, 3)
		open(p, 0)
		members := *p.members.Load()
		members[1].peer.drained.Store(true)
		members[2].peer.current.Store(nil)
		if got := called(t, p, nil); !slices.Equal(got, []int{0}) {
			t.Errorf("calls go to %v", got)
		}
	})
}

// After its time, an ejected node gets one trial call. Only its silence while other
// nodes answer ejects it again: a client may have chosen a document that takes too
// long on every node.
func TestEjectedNodeGetsATrialCall(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others health
		end    health
		want   []int
	}{
		{"answered", healthy, healthy, nil},
		{"failed", healthy, failed, []int{0}},
		{"failed, as calls do on the others", failed, failed, nil},
		{"given up by its client", healthy, uncounted, []int{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := idlePool(PoolConfig{}, 2)
				open(p, 0)
				tried := (*p.members.Load())[0]
				time.Sleep(p.cfg.Breaker.Open)
				if _, err := tried.takeSlot(time.Now(), false); err != errEjected {
					t.Errorf("before its time is over: %v", err)
				}
				time.Sleep(time.Nanosecond)
				end(t, p, 1, int(p.cfg.Breaker.Calls), tt.others)
				trial, err := tried.takeSlot(time.Now(), false)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tried.takeSlot(time.Now(), false); err != errEjected {
					t.Errorf("a second call while one is tried: %v", err)
				}
				trial.release(nil, tt.end)
				if got := ejected(p); !slices.Equal(got, tt.want) {
					t.Errorf("ejected %v, want %v", got, tt.want)
				}
				if tt.end == uncounted {
					end(t, p, 0, 1, healthy) // the next call is tried
				}
			})
		})
	}
}

// Calls that pass their deadline mostly run longer than the window in which they are
// counted.
func TestBreakerCountsCallsWhenTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 2)
		silent := (*p.members.Load())[0]
		window := p.cfg.Breaker.Window
		for range 2 * p.cfg.Breaker.Calls {
			slot, err := silent.takeSlot(time.Now(), false)
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(3*window, func() { slot.release(ErrAppTimeout, failed) })
		}
		time.Sleep(3*window - 1)
		end(t, p, 1, int(p.cfg.Breaker.Calls), healthy)
		if got := ejected(p); len(got) > 0 {
			t.Errorf("%v ejected before the first deadline", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := ejected(p); !slices.Equal(got, []int{0}) {
			t.Errorf("ejected %v, want the node that hangs", got)
		}
	})
}

// The share is that of ended calls. Calls in flight and calls that clients gave up say
// nothing about a node.
func TestBreakerIgnoresUncountedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 2)
		calls := int(p.cfg.Breaker.Calls)
		end(t, p, 1, calls, healthy)
		for range calls {
			if _, err := (*p.members.Load())[0].takeSlot(time.Now(), false); err != nil { // stays in flight
				t.Fatal(err)
			}
		}
		end(t, p, 0, 10*calls, uncounted)
		end(t, p, 0, calls, failed)
		if got := ejected(p); !slices.Equal(got, []int{0}) {
			t.Errorf("ejected %v, though every call that ended on a node has failed", got)
		}
	})
}

// Answers of long ago do not show that the other nodes are healthy.
func TestCountsOfIdleNodesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 2)
		calls := int(p.cfg.Breaker.Calls)
		end(t, p, 1, calls, healthy)
		time.Sleep(2 * p.cfg.Breaker.Window)
		end(t, p, 0, calls, failed)
		if got := ejected(p); len(got) > 0 {
			t.Errorf("ejected %v by comparison with nothing", got)
		}
	})
}

// A restarted node has no history.
func TestRestartResetsHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idlePool(PoolConfig{}, 2)
		end(t, p, 0, 1, healthy)
		open(p, 0)
		comeUp((*p.members.Load())[0], 2, time.Now().Add(-time.Hour))
		if got := called(t, p, nil); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("after a restart of node 0, calls go to %v", got)
		}
	})
}

// The log may wait for locks of the breaker or its node without a deadlock.
func TestBreakersLogWithoutLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged []string
		var p *Pool
		log := handlerFunc(func(r slog.Record) {
			p.Status()
			r.Attrs(func(a slog.Attr) bool {
				logged = append(logged, a.Key+"="+a.Value.String())
				return true
			})
		})
		p = idlePool(PoolConfig{}, 2)
		node := (*p.members.Load())[0]
		node.breaker = newBreaker("a@127.0.0.1", p.cfg.Breaker, slog.New(log))
		end(t, p, 1, int(p.cfg.Breaker.Calls), healthy)
		end(t, p, 0, int(p.cfg.Breaker.Calls), failed)
		time.Sleep(2 * p.cfg.Breaker.Open)
		end(t, p, 0, 1, healthy)
		want := []string{
			"node=a@127.0.0.1", "from=closed", "to=open",
			"node=a@127.0.0.1", "from=open", "to=half-open",
			"node=a@127.0.0.1", "from=half-open", "to=closed",
		}
		if !slices.Equal(logged, want) {
			t.Errorf("logged %v, want %v", logged, want)
		}
	})
}

// handlerFunc handles log records.
type handlerFunc func(slog.Record)

func (handlerFunc) Enabled(context.Context, slog.Level) bool { return true }
func (f handlerFunc) Handle(_ context.Context, r slog.Record) error {
	f(r)
	return nil
}
func (f handlerFunc) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f handlerFunc) WithGroup(string) slog.Handler      { return f }

// Hostile clients, at random, send documents that time out. Whatever their share, the
// honest calls find a node.
func TestHonestCallsFindANode(t *testing.T) {
	for _, nodes := range []int{1, 2, 3} {
		for _, hostile := range []int{4, 12, 200} { // calls a second
			t.Run(fmt.Sprintf("%d nodes, %d hostile calls a second", nodes, hostile), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := idlePool(PoolConfig{}, nodes)
					const timeout = 3 * time.Second
					var refused atomic.Int64
					call := func(takes time.Duration, err error, h health) {
						slot, refusal := p.acquire(t.Context(), nil)
						if refusal != nil {
							refused.Add(1)
							return
						}
						time.Sleep(takes)
						slot.release(err, h)
					}
					for range 60 * hostile {
						go call(timeout, ErrAppTimeout, failed)
						time.Sleep(time.Second / time.Duration(hostile) / 2)
						for range max(1, 40/hostile) {
							go call(5*time.Millisecond, nil, healthy)
						}
						time.Sleep(time.Second / time.Duration(hostile) / 2)
					}
					time.Sleep(timeout)
					if n := refused.Load(); n > 0 {
						t.Errorf("%d calls were refused", n)
					}
				})
			})
		}
	}
}
