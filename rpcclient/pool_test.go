package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/beamtest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/dist"
	"github.com/louche-graphql/louche/rpcclient/etf"
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

// A node that is taken away gets no calls any more, and ends those it has.
func testPoolUpdate(t *testing.T, node *beamtest.Node, target rpcclient.Target) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	call, letGo := held(t, pool, node)
	pool.Update(nil, []rpcclient.Target{target})
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

	// Taken in again.
	pool.Update([]rpcclient.Target{target}, nil)
	eventually(t, "connected again", pool.Ready)
	checkHello(t, pool)
}

func testPoolClose(t *testing.T, node *beamtest.Node, target rpcclient.Target) {
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

func testPoolSpreadsCalls(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.Target) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atB)
	calls := make(map[string]int)
	for range 20 {
		answer, err := pool.Call(t.Context(), "erlang", "node", etf.AppendNil(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := answer.Value.String(), fmt.Sprintf(":%q", answer.Node); got != want {
			t.Errorf("%s answered for %s", got, want)
		}
		calls[answer.Node]++
		answer.Release()
	}
	if calls[a.Name] != 10 || calls[b.Name] != 10 {
		t.Errorf("%v, want 10 each", calls)
	}
}

func testPoolsShareAConnection(t *testing.T, node *beamtest.Node, target rpcclient.Target) {
	gw := startGateway(t, nil)
	first := gw.pool(t, rpcclient.PoolConfig{}, target)
	second := gw.pool(t, rpcclient.PoolConfig{}, target)
	checkHello(t, first)
	checkHello(t, second)
	if lines := gw.log.lines("level=WARN"); len(lines) > 0 || len(gw.log.lines("node up")) != 1 {
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

// A node dies with SIGKILL during calls: every caller is told, and the node that
// is started in its place is used without starting the gateway again.
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
		d.Watch(ctx, func(c discovery.Change) { pool.Update(targets(c.Up), targets(c.Down)) })
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
	killed := time.Now()
	for _, call := range calls {
		var lost *dist.LostError
		if o := await(t, call); !errors.As(o.err, &lost) || !lost.Sent || lost.Node != node.Name {
			t.Errorf("%v, want a LostError of a sent call", o.err)
		}
	}
	if took := time.Since(killed); took > 5*time.Second {
		t.Errorf("the last caller was told after %v", took)
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

func targets(found []discovery.Target) (list []rpcclient.Target) {
	for _, target := range found {
		list = append(list, rpcclient.Target(target))
	}
	return list
}

// A call that reached no node is tried again; one that may have run never is.
func testRetry(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.Target) {
	gw := startGateway(t, nil)
	relay := newRelay(t, "a@relay", atA)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.Target, atB)
	appended := func(id string) (string, error) {
		return run(t.Context(), pool, fmt.Sprintf(`mutation { append(id: %q) }`, id))
	}
	// Calls go to a and b in turn: after one of b, the next is a's.
	turnToA := func() {
		eventually(t, "a's turn", func() bool {
			answer, err := pool.Call(t.Context(), "erlang", "node", etf.AppendNil(nil))
			if err != nil {
				t.Fatal(err)
			}
			return answer.Node == b.Name
		})
	}
	lost := func(call <-chan outcome) {
		t.Helper()
		var failure *dist.LostError
		if o := await(t, call); !errors.As(o.err, &failure) || !failure.Sent || failure.Node != a.Name {
			t.Errorf("%+v, want the LostError of a sent call", o)
		}
	}

	t.Run("sent", func(t *testing.T) {
		turnToA()
		relay.wire().down.frozen.Store(true) // a's answer does not arrive
		call := async(func() (string, error) { return appended("once") })
		eventually(t, "a has run it", func() bool { return slices.Contains(a.Appended(t), "once") })
		relay.cut()
		lost(call)
		if got := b.Appended(t); len(got) > 0 {
			t.Errorf("b ran %v too", got)
		}
	})

	eventually(t, "connected to a again", func() bool { return len(gw.log.lines("node up", relay.Name)) == 2 })

	t.Run("not sent", func(t *testing.T) {
		turnToA()
		// The first bytes of a call that fills every buffer on its way show that
		// it is being written, and that what follows it is not.
		up := &relay.wire().up
		up.frozen.Store(true)
		before := up.read.Load()
		large := async(func() (string, error) {
			answer, err := pool.Call(t.Context(), "erlang", "byte_size", list(etf.AppendBinary(nil, make([]byte, 32<<20))))
			if err != nil {
				return "", err
			}
			return answer.Value.String(), nil
		})
		eventually(t, "the large call is being written", func() bool { return up.read.Load() > before })

		var calls []<-chan outcome
		var want []string
		for i := range 10 {
			id := strconv.Itoa(i)
			want = append(want, id)
			calls = append(calls, async(func() (string, error) { return appended(id) }))
		}
		eventually(t, "b has run its share", func() bool { return len(b.Appended(t)) == len(calls)/2 })
		relay.cut()
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
