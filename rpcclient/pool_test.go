package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

func TestPoolWithoutNodes(t *testing.T) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{})
	if _, err := pool.Call(t.Context(), "erlang", "node", etf.AppendNil(nil)); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("%v, want %v", err, rpcclient.ErrNoNode)
	}
	if pool.Ready() {
		t.Error("ready")
	}
	if pool.RetryAfter() <= 0 {
		t.Errorf("retry after %v", pool.RetryAfter())
	}
}

// A removed node gets no new calls and finishes those in flight.
func testPoolUpdate(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	call, letGo := held(t, pool, node)
	pool.Update(nil, nil)
	if _, err := run(t.Context(), pool, `{ counter }`); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("new call: %v, want %v", err, rpcclient.ErrNoNode)
	}
	if got := node.Eval(t, "Node.list(:hidden)"); got == "[]" {
		t.Error("disconnected while a call runs")
	}
	letGo()
	if o := await(t, call); o.err != nil || o.value != ":went" {
		t.Errorf("call under way: %+v", o)
	}
	eventually(t, "disconnected", func() bool { return node.Eval(t, "Node.list(:hidden)") == "[]" })

	// The node is added again.
	pool.Update([]rpcclient.NodeAddr{target}, nil)
	eventually(t, "connected again", pool.Ready)
	checkHello(t, pool)
}

func testPoolClose(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)
	call, letGo := held(t, pool, node)

	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := pool.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close while a call runs: %v, want %v", err, context.DeadlineExceeded)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("call of a closed pool: %v, want %v", err, rpcclient.ErrNoNode)
	}
	letGo()
	if err := pool.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if o := await(t, call); o.err != nil || o.value != ":went" {
		t.Errorf("call under way: %+v", o)
	}
}

func testPoolSpreadsCalls(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atB)
	spread := func() map[string]int {
		nodes := make(chan string, 200)
		var callers sync.WaitGroup
		for range cap(nodes) / 10 {
			callers.Go(func() {
				for range 10 {
					result, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{Document: `{ sleep(ms: 5) }`})
					if err != nil {
						t.Error(err)
						return
					}
					nodes <- result.Node
					result.Release()
				}
			})
		}
		callers.Wait()
		close(nodes)
		calls := make(map[string]int)
		for node := range nodes {
			calls[node]++
		}
		return calls
	}
	// A node may be slower for a moment, for example while it loads code.
	eventually(t, "both get about as many", func() bool {
		calls := spread()
		return t.Failed() || calls[a.Name] >= 50 && calls[b.Name] >= 50
	})
}

func testPoolsShareAConnection(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	first := gw.pool(t, rpcclient.PoolConfig{}, target)
	second := gw.pool(t, rpcclient.PoolConfig{}, target)
	checkHello(t, first)
	checkHello(t, second)
	if lines := gw.log.Lines("level=WARN"); len(lines) > 0 || len(gw.log.Lines("node up")) != 1 {
		t.Errorf("two pools made more than one connection:\n%s", gw.log)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkHello(t, second)
	if err := second.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "disconnected", func() bool { return node.Eval(t, "Node.list(:hidden)") == "[]" })
}

// A node is killed during calls. Each call fails at once, and the node that is started
// in its place is used without a restart of the gateway.
func TestNodeIsKilled(t *testing.T) {
	const callers = 200
	epmd := beamtest.StartEPMD(t)
	options := beamtest.Options{EPMDPort: epmd}
	node := beamtest.StartNode(t, options)
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{})
	d := discovery.New(discovery.Config{
		DNS: []string{"127.0.0.1"}, Prefix: "testapp", EPMDPort: uint16(epmd), Interval: 50 * time.Millisecond,
	}, net.DefaultResolver, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		d.Watch(ctx, func(r discovery.Report) { pool.Update(targets(r.Nodes), r.Addrs) })
	}()
	defer func() {
		stop()
		<-watching
	}()
	eventually(t, "connected", pool.Ready)

	var calls []<-chan outcome
	for range callers {
		calls = append(calls, async(func() (string, error) { return run(t.Context(), pool, `{ sleep(ms: 3600000) }`) }))
	}
	eventually(t, "all calls run", func() bool { return strings.Count(node.Output(), "sleeping ") == callers })
	node.Kill()
	for _, call := range calls {
		var lost *erldist.LostError
		if o := await(t, call); !errors.As(o.err, &lost) || !lost.Sent || lost.Node != node.Name || errors.Is(o.err, erldist.ErrTickTimeout) {
			t.Errorf("%v, want a LostError of a sent call, at once", o.err)
		}
	}

	beamtest.StartNode(t, options)
	eventually(t, "calls are answered again", func() bool {
		got, err := run(t.Context(), pool, hello)
		if err != nil && !errors.Is(err, rpcclient.ErrNoNode) {
			t.Errorf("while no node is there: %v", err)
		}
		return got == helloWorld
	})
}

func targets(found []discovery.Node) (list []rpcclient.NodeAddr) {
	for _, target := range found {
		list = append(list, rpcclient.NodeAddr(target))
	}
	return list
}

// connectedNodes are the available nodes of a pool.
func connectedNodes(pool *rpcclient.Pool) (names []string) {
	for _, n := range pool.Status().Nodes {
		if n.State == rpcclient.Connected {
			names = append(names, n.Name)
		}
	}
	return names
}

// A call that reached no node is retried. A call that may have run is retried only if
// it is idempotent.
func testRetry(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, patient)
	relay := newRelay(t, "a@relay", atA)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr, atB)
	appended := func(id string) (string, error) {
		return run(t.Context(), pool, fmt.Sprintf(`mutation { append(id: %q) }`, id))
	}
	onlyA := func(only bool) {
		if !gw.SetDrained(b.Name, only) {
			t.Fatalf("no node %s", b.Name)
		}
	}
	lost := func(call <-chan outcome) {
		t.Helper()
		var failure *erldist.LostError
		if o := await(t, call); !errors.As(o.err, &failure) || !failure.Sent || failure.Node != a.Name {
			t.Errorf("%+v, want the LostError of a sent call", o)
		}
	}

	t.Run("sent", func(t *testing.T) {
		onlyA(true)
		relay.wire().down.frozen.Store(true) // a's answer does not arrive
		call := async(func() (string, error) { return appended("once") })
		eventually(t, "a has run it", func() bool { return slices.Contains(a.Appended(t), "once") })
		onlyA(false)
		relay.cut()
		lost(call)
		if got := b.Appended(t); len(got) > 0 {
			t.Errorf("b ran %v too", got)
		}
	})

	eventually(t, "connected to a again", func() bool { return len(gw.log.Lines("node up", relay.Name)) == 2 })

	t.Run("sent, and idempotent", func(t *testing.T) {
		const printed = "printed for the one who asks again"
		op := rpcclient.Operation{Document: fmt.Sprintf(`{ print(message: %q) }`, printed), Idempotent: true}
		for nodes, want := range map[int]string{1: "", 2: b.Name} {
			cfg := rpcclient.PoolConfig{Retry: rpcclient.RetryConfig{Nodes: nodes}}
			pool := gw.pool(t, cfg, relay.NodeAddr, atB)
			eventually(t, "a and b can be called", func() bool { return len(connectedNodes(pool)) == 2 })
			onlyA(true)
			relay.wire().down.frozen.Store(true)
			seen := strings.Count(a.Output(), printed)
			call := async(func() (string, error) {
				result, err := absinthe(pool).Run(t.Context(), op)
				if err != nil {
					return "", err
				}
				return result.Node, nil
			})
			eventually(t, "a has run it", func() bool { return strings.Count(a.Output(), printed) > seen })
			onlyA(false)
			relay.lose()
			if nodes == 1 {
				lost(call)
			} else if o := await(t, call); o.err != nil || o.value != want {
				t.Errorf("%+v, want the answer of %s", o, want)
			}
			relay.refuse(false)
			if got, want := pool.Status().Retries, uint64(nodes-1); got != want {
				t.Errorf("%d retries were counted, want %d", got, want)
			}
		}
		eventually(t, "connected to a again", func() bool { return len(connectedNodes(pool)) == 2 })
	})

	t.Run("not sent", func(t *testing.T) {
		onlyA(true)
		// The first bytes of a call that fills every buffer show that it is being
		// written, and that the calls after it are not.
		up := &relay.wire().up
		up.clogged.Store(true) // polls of the phase still pass
		before := up.read.Load()
		large := async(func() (string, error) {
			result, err := pool.Call(t.Context(), "erlang", "byte_size", list(etf.AppendBinary(nil, make([]byte, 32<<20))))
			if err != nil {
				return "", err
			}
			return result.Value.String(), nil
		})
		eventually(t, "the large call is being written", func() bool { return up.read.Load() > before+small })

		var calls []<-chan outcome
		var want []string
		for i := range 10 {
			id := strconv.Itoa(i)
			want = append(want, id)
			calls = append(calls, async(func() (string, error) { return appended(id) }))
		}
		eventually(t, "all wait for a", func() bool { return pool.Status().InFlight == len(calls)+1 })
		onlyA(false)
		relay.lose()
		lost(large)
		for _, call := range calls {
			if o := await(t, call); o.err != nil || o.value != `{"data":{"append":true}}` {
				t.Errorf("%+v", o)
			}
		}
		got := b.Appended(t)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("b ran %v, want each of %v once", got, want)
		}
		if got := a.Appended(t); !slices.Equal(got, []string{"once"}) {
			t.Errorf("a ran %v, of which only the first was sent to it", got)
		}
	})
}

// A node that is no longer listed is kept while it answers and its address exists.
func testUnlistedNode(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	relay := newRelay(t, node.Name, target)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr)
	state := func() (states []rpcclient.NodeState) {
		for _, n := range pool.Status().Nodes {
			states = append(states, n.State)
		}
		return states
	}
	addrs := []netip.Addr{relay.Addr.Addr()}

	pool.Update(nil, addrs)
	checkHello(t, pool)
	if got := state(); !slices.Equal(got, []rpcclient.NodeState{rpcclient.Unlisted}) {
		t.Errorf("states %v, want unlisted", got)
	}
	// Another name for its address at every poll makes no second node.
	for i := range 200 {
		pool.Update([]rpcclient.NodeAddr{{Name: fmt.Sprintf("renamed-%d@127.0.0.1", i), Addr: relay.Addr}}, addrs)
		if got := state(); !slices.Equal(got, []rpcclient.NodeState{rpcclient.Connected}) {
			t.Fatalf("states %v, want one node that is connected", got)
		}
		checkHello(t, pool)
	}
	relay.refuse(true)
	relay.cut()
	gw.log.wait(t, "node down")
	pool.Update(nil, addrs)
	if got := state(); len(got) != 0 {
		t.Errorf("states %v of a node that is unlisted and not connected, want none", got)
	}

	relay.refuse(false)
	pool.Update([]rpcclient.NodeAddr{relay.NodeAddr}, addrs)
	eventually(t, "connected again", pool.Ready)
	pool.Update(nil, []netip.Addr{netip.MustParseAddr("127.0.0.2")})
	if got := state(); len(got) != 0 {
		t.Errorf("states %v of a node whose address is gone, want none", got)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("%v, want %v", err, rpcclient.ErrNoNode)
	}
}

// A drained node gets no new calls, finishes those in flight, and stays drained after
// a reconnection.
func testDrain(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	relay := newRelay(t, node.Name, target)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr)
	if gw.SetDrained("nobody@127.0.0.1", true) {
		t.Error("a node that is not there was drained")
	}
	call, letGo := held(t, pool, node)
	if !gw.SetDrained(node.Name, true) {
		t.Fatalf("%s is not known", node.Name)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) || pool.Ready() {
		t.Errorf("%v, want %v", err, rpcclient.ErrNoNode)
	}
	letGo()
	if o := await(t, call); o.err != nil {
		t.Error(o.err)
	}
	relay.cut()
	eventually(t, "connected anew", func() bool { return len(gw.log.Lines("node up")) == 2 })
	if got := pool.Status().Nodes[0].State; got != rpcclient.Draining {
		t.Errorf("state %v, want draining", got)
	}
	gw.SetDrained(node.Name, false)
	eventually(t, "can be called", pool.Ready)
	checkHello(t, pool)
}

// Two nodes are called a@127.0.0.1. Each can be drained by its address.
func testDrainOfOneName(t *testing.T, a, _ *beamtest.Node, atA, _ rpcclient.NodeAddr) {
	_, atOther := startApp(t, beamtest.Options{Name: a.Name})
	atOther.Name = "other@127.0.0.1" // discovery's name
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atOther)
	drained := func() (addrs []netip.AddrPort) {
		for _, n := range pool.Status().Nodes {
			if n.Name != a.Name {
				t.Errorf("a node calls itself %s, not %s", n.Name, a.Name)
			}
			if n.State == rpcclient.Draining {
				addrs = append(addrs, n.Addr)
			}
		}
		return addrs
	}
	for _, step := range []struct {
		node    string
		drained bool
		want    []netip.AddrPort
	}{
		{atOther.Addr.String(), true, []netip.AddrPort{atOther.Addr}},
		{atA.Addr.String(), true, []netip.AddrPort{atA.Addr, atOther.Addr}},
		{atOther.Addr.String(), false, []netip.AddrPort{atA.Addr}},
		{a.Name, false, nil},
		{a.Name, true, []netip.AddrPort{atA.Addr, atOther.Addr}},
	} {
		if !gw.SetDrained(step.node, step.drained) {
			t.Errorf("%s is not known", step.node)
		}
		if got := drained(); !slices.Equal(got, step.want) {
			t.Errorf("after %v: %v are drained", step, got)
		}
	}
	if gw.SetDrained("127.0.0.1:1", true) {
		t.Error("a node was drained at an address where there is none")
	}
}
