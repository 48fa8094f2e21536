package rpcclient_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/test/beamtest"
)

// Stop leaves no goroutine behind, whatever the node is doing.
func testStopLeavesNothingBehind(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	unreachable := rpcclient.NodeAddr{Name: "nobody@127.0.0.1", Addr: netip.MustParseAddrPort(beamtest.FreeAddress(t, nil))}

	before := runtime.NumGoroutine()
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)
	released := gw.pool(t, rpcclient.PoolConfig{}, target)
	checkHello(t, pool)
	pool.Update([]rpcclient.NodeAddr{target, unreachable}, nil)
	gw.log.wait(t, "cannot connect to node", unreachable.Name)
	if err := released.Close(t.Context()); err != nil {
		t.Error(err)
	}
	call, _ := held(t, pool, node)

	gw.Stop()
	// The call may still be returning, but the goroutines of the connection have
	// ended.
	for _, part := range []string{"rpcclient.(*peer)", "erldist.(*Conn).Serve", "erldist.(*Conn).tick", "erldist.(*outbox).run"} {
		if stacks := stacks(); strings.Contains(stacks, part) {
			t.Errorf("%s still runs when Stop has returned:\n%s", part, stacks)
		}
	}
	var lost *erldist.LostError
	if o := await(t, call); !errors.As(o.err, &lost) || !errors.Is(o.err, erldist.ErrClosed) {
		t.Errorf("call of a stopped node: %v, want a LostError by %v", o.err, erldist.ErrClosed)
	}
	eventually(t, "the node has noticed", func() bool { return node.Eval(t, "Node.list(:hidden)") == "[]" })
	defer func() {
		if t.Failed() {
			t.Logf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks())
		}
	}()
	// A goroutine that has signalled its end may still exist.
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// handshakeTime is the maximum time of a handshake.
const handshakeTime = 7 * time.Second

// Dials in progress do not delay Stop.
func TestStopWhileDialling(t *testing.T) {
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	files := beamtest.NewTLSFiles(t)
	for name, tls := range map[string]rpcclient.TLSConfig{"plain": {}, "TLS": {CAFile: files.CA}} {
		t.Run(name, func(t *testing.T) {
			gw := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.TLS = tls })
			gw.pool(t, rpcclient.PoolConfig{}).Update([]rpcclient.NodeAddr{{Name: "silent@127.0.0.1", Addr: silent.Addr().(*net.TCPAddr).AddrPort()}}, nil)
			conn, err := silent.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			began := time.Now()
			gw.Stop()
			if elapsed := time.Since(began); elapsed >= handshakeTime {
				t.Errorf("Stop took %v: as long as the handshake may", elapsed)
			}
		})
	}
}

// An update of discovery during the stop of the gateway is harmless.
func TestPoolOfStoppedNode(t *testing.T) {
	gw := startGateway(t, nil)
	gw.Stop()
	pool := rpcclient.NewPool(gw.Node, rpcclient.PoolConfig{}, slog.New(slog.DiscardHandler))
	pool.Update([]rpcclient.NodeAddr{{Name: "late@127.0.0.1"}}, nil)
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("%v, want %v", err, rpcclient.ErrNoNode)
	}
	if err := pool.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
