package rpcclient_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

const hello, helloWorld = `{ hello }`, `{"data":{"hello":"hello world"}}`

func checkHello(t testing.TB, pool *rpcclient.Pool) {
	t.Helper()
	if got, err := run(t.Context(), pool, hello); err != nil || got != helloWorld {
		t.Errorf("%s: %s, %v", hello, got, err)
	}
}

func TestKindsOfNodes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options beamtest.Options
	}{
		{"IPv6", beamtest.Options{Name: "testapp@::1", ProtoDist: "inet6_tcp"}},
		{"short names", beamtest.Options{Name: "testapp@localhost", ShortNames: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			node, target := startApp(t, tt.options)
			gw := startGateway(t, nil)
			probe, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
			if err != nil || probe.Name != node.Name {
				t.Errorf("the node calls itself %q, %v, want %q", probe.Name, err, node.Name)
			}
			checkHello(t, gw.pool(t, rpcclient.PoolConfig{}, target))
		})
	}
}

// A node without EPMD is found at a fixed port, even after a restart.
func TestNodeWithoutEPMD(t *testing.T) {
	addr := netip.MustParseAddrPort(beamtest.FreeAddress(t, nil))
	options := beamtest.Options{Args: []string{"-erl_epmd_port", strconv.Itoa(int(addr.Port()))}}
	target := rpcclient.NodeAddr{Name: "testapp@127.0.0.1", Addr: addr}

	node := beamtest.StartNode(t, options)
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)
	checkHello(t, pool)

	_, err := pool.Call(t.Context(), "erlang", "halt", etf.AppendNil(nil))
	var lost *erldist.LostError
	if !errors.As(err, &lost) || !lost.Sent || lost.Node != node.Name {
		t.Errorf("call that ends its node: %v, want a LostError of a sent call", err)
	}
	gw.log.wait(t, "node down")
	beamtest.StartNode(t, options)
	eventually(t, "connected again", pool.Ready)
	checkHello(t, pool)
}

func testWrongCookie(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.Cookie = "another-cookie" })

	_, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
	if !errors.Is(err, erldist.ErrCookie) || !strings.Contains(err.Error(), "cookie") {
		t.Errorf("%v, want %v", err, erldist.ErrCookie)
	}
	pool := gw.pool(t, rpcclient.PoolConfig{})
	pool.Update([]rpcclient.NodeAddr{target}, nil)
	gw.log.wait(t, "cannot connect to node", target.Name, "wrong cookie")
	if got := pool.Status().Nodes[0].Problem; !strings.Contains(got, "wrong cookie") {
		t.Errorf("the status has the problem %q", got)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("call without a connection: %v, want %v", err, rpcclient.ErrNoNode)
	}

	// A corrected cookie needs no restart of the gateway.
	node.Eval(t, `Node.set_cookie(:"another-cookie")`)
	defer node.Eval(t, fmt.Sprintf("Node.set_cookie(:%q)", node.Cookie))
	eventually(t, "connected", pool.Ready)
	checkHello(t, pool)
	if got := pool.Status().Nodes[0].Problem; got != "" {
		t.Errorf("connected, the status has the problem %q", got)
	}

	for _, cookie := range []string{beamtest.DefaultCookie, "another-cookie"} {
		if strings.Contains(err.Error()+gw.log.String(), cookie) {
			t.Errorf("the cookie %s is in an error or in the log", cookie)
		}
	}
	// Another failure may come between, such as the earlier handshake that is still ending.
	lines := gw.log.Lines("cannot connect")
	for i, line := range lines[1:] {
		if strings.Contains(lines[i], "wrong cookie") && strings.Contains(line, "wrong cookie") {
			t.Errorf("the same failure was logged twice: %s", line)
		}
	}
}

// Discovery of the node ends the backoff, which doubles each time.
func TestDiscoveryCutsBackoff(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tries := make(chan struct{})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
			tries <- struct{}{}
		}
	}()
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{})
	var elapsed []time.Duration
	for range 12 { // by doubling alone, the last would come half a minute after the one before
		began := time.Now()
		for tried := false; !tried; {
			pool.Update([]rpcclient.NodeAddr{{Name: "leaving@127.0.0.1", Addr: l.Addr().(*net.TCPAddr).AddrPort()}}, nil)
			select {
			case <-tries:
				tried = true
			case <-time.After(20 * time.Millisecond): // the next poll
			}
		}
		elapsed = append(elapsed, time.Since(began))
	}
	if first, last := elapsed[0], slices.Min(elapsed[len(elapsed)-3:]); last > 20*first+time.Second {
		t.Errorf("the times between tries grew from %v to %v", first, last)
	}
	if err := pool.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// net_kernel:allow/1 is how an application refuses nodes.
func TestNotAllowed(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	node.Eval(t, `:net_kernel.allow([:"someone@127.0.0.1"])`)
	gw := startGateway(t, nil)
	_, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
	if !errors.Is(err, erldist.ErrNotAllowed) || !strings.Contains(err.Error(), gw.Name()) {
		t.Errorf("%v, want %v with our name", err, erldist.ErrNotAllowed)
	}
}

func TestConnectionRefused(t *testing.T) {
	addr := netip.MustParseAddrPort(beamtest.FreeAddress(t, nil))
	gw := startGateway(t, nil)
	_, err := gw.Probe(t.Context(), rpcclient.NodeAddr{Name: "testapp@127.0.0.1", Addr: addr}, rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}, "")
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), addr.String()) {
		t.Errorf("%v, want the refusal and the address", err)
	}
}

func testProbe(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	for schema, has := range map[string]bool{"TestApp.Schema": true, "No.Such.Schema": false} {
		probe, err := gw.Probe(t.Context(), target, rpcclient.AbsintheConfig{Schema: schema}, "")
		if err != nil {
			t.Fatal(err)
		}
		if probe.Handshake <= 0 {
			t.Errorf("the handshake took %v", probe.Handshake)
		}
		if probe.Name != node.Name || probe.OTPRelease != node.OTP() || probe.HasSchema != has {
			t.Errorf("%+v, want node %s, OTP %s, the schema: %v", probe, node.Name, node.OTP(), has)
		}
	}
	eventually(t, "the gateway has left", func() bool { return node.Eval(t, "Node.list(:hidden)") == "[]" })
}

// Dials of silent nodes are bounded, and each node has its turn.
func TestDialsAtOnceAreBounded(t *testing.T) {
	const nodes, most = 200, 64
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, nodes)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	var targets []rpcclient.NodeAddr
	for i := range nodes {
		addr := netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)})
		targets = append(targets, rpcclient.NodeAddr{
			Name: fmt.Sprintf("silent@%v", addr),
			Addr: netip.AddrPortFrom(addr, uint16(l.Addr().(*net.TCPAddr).Port)),
		})
	}
	startGateway(t, nil).pool(t, rpcclient.PoolConfig{}).Update(targets, nil)

	var open []net.Conn
	seen := make(map[string]bool)
	for len(seen) < nodes { // close one whenever the maximum is open
		conn := <-accepted
		open = append(open, conn)
		seen[conn.LocalAddr().String()] = true
		if len(open) == most {
			// A connection that the gateway has closed may still be counted.
			if n := len(open) + len(accepted); n > 2*most {
				t.Fatalf("%d at once, want %d", n, most)
			}
			open[0].Close()
			open = open[1:]
		}
	}
	for _, conn := range open {
		conn.Close()
	}
}
