package rpcclient_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/test/beamtest"
)

// The first gateway keeps its connection. The second is told why it is refused.
func testTwoGatewaysOfOneName(t *testing.T, _ *beamtest.Node, target rpcclient.NodeAddr) {
	first, second := startGateway(t, nil), startGateway(t, nil)
	pool := first.pool(t, rpcclient.PoolConfig{}, target)

	_, err := second.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
	if !errors.Is(err, erldist.ErrAlive) || !strings.Contains(err.Error(), second.Name()) {
		t.Errorf("%v, want %v with the name", err, erldist.ErrAlive)
	}
	later := second.pool(t, rpcclient.PoolConfig{})
	later.Update([]rpcclient.NodeAddr{target}, nil)
	second.log.wait(t, "cannot connect to node", "name is in use")
	checkHello(t, pool)
	if n := len(first.log.Lines("node down")); n > 0 {
		t.Errorf("the first gateway lost its connection %d times", n)
	}

	// The name is free again when the first gateway stops.
	first.Stop()
	eventually(t, "the second gateway is connected", later.Ready)
	checkHello(t, later)
}

// Discovery may find a node at two addresses. The connection that serves is not
// displaced when the other address is available again.
func testTwoAddresses(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	a, b := newRelay(t, "testapp@a", target), newRelay(t, "testapp@b", target)

	pool := gw.pool(t, rpcclient.PoolConfig{}, a.NodeAddr)
	pool.Update([]rpcclient.NodeAddr{a.NodeAddr, b.NodeAddr}, nil)
	gw.log.wait(t, "cannot connect to node", b.Name, "name is in use")
	checkHello(t, pool)

	// a goes down, so that b serves.
	a.refuse(true)
	a.cut()
	gw.log.wait(t, "node down", a.Name)
	gw.log.wait(t, "node up", b.Name)
	checkHello(t, pool)

	// Once a is available again, it must not displace b.
	a.refuse(false)
	gw.log.wait(t, "cannot connect to node", a.Name, "name is in use")
	checkHello(t, pool)
	if lines := gw.log.Lines("node down", b.Name); len(lines) > 0 {
		t.Errorf("b was disconnected: %s", lines)
	}
	if got, want := node.Eval(t, "Node.list(:hidden)"), `[:"louche@127.0.0.1"]`; got != want {
		t.Errorf("Node.list(:hidden) = %s, want %s", got, want)
	}
}

// A node may hold our name for a dead connection that it has not noticed. It is told
// to drop that.
func testUnnoticedDeadConnection(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.NetTickTime = time.Second })
	relay := newRelay(t, node.Name, target)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr)

	dead := relay.wire()
	dead.up.frozen.Store(true)
	dead.down.frozen.Store(true)
	gw.log.wait(t, "node down", erldist.ErrTickTimeout.Error())
	eventually(t, "calls are answered again", func() bool {
		got, _ := run(t.Context(), pool, hello)
		return got == helloWorld
	})
}
