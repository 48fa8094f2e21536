package rpcclient_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A connected node whose applications are starting gets no calls until they have
// started.
func TestNodeStarts(t *testing.T) {
	node, target := startApp(t, beamtest.Options{HoldStart: true})
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{})
	pool.Update([]rpcclient.NodeAddr{target}, nil)
	gw.log.wait(t, "node is starting", target.Name)

	if got := pool.Status().Nodes[0].State; got != rpcclient.Starting {
		t.Errorf("state %s, want %s", got, rpcclient.Starting)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("%v, want %v", err, rpcclient.ErrNoNode)
	}
	if pool.Ready() {
		t.Error("ready")
	}

	node.ReleaseStart(t)
	eventually(t, "ready", pool.Ready)
	checkHello(t, pool)
	if got := pool.Status().Nodes[0].State; got != rpcclient.Connected {
		t.Errorf("state %s, want %s", got, rpcclient.Connected)
	}
}

// slowToStop is a node that is stopping for longer than any test runs.
var slowToStop = beamtest.Options{Name: "a@127.0.0.1", Env: []string{"TESTAPP_STOP=3600000", "TESTAPP_PACE=3600000"}}

// A stopping node gets no new calls and finishes those in flight.
func TestNodeStops(t *testing.T) {
	a, atA := startApp(t, slowToStop)
	b, atB := startApp(t, beamtest.Options{Name: "b@127.0.0.1"})
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atB)
	gw.SetDrained(b.Name, true)
	call, letGo := held(t, pool, a)

	a.Terminate(t)
	gw.log.wait(t, "node is stopping", a.Name) // the node must be polled for that
	if got := pool.Status().Nodes[0].State; got != rpcclient.Stopping {
		t.Errorf("state %s, want %s", got, rpcclient.Stopping)
	}
	if _, err := run(t.Context(), pool, hello); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("new call: %v, want %v", err, rpcclient.ErrNoNode)
	}
	if pool.Ready() {
		t.Error("ready")
	}

	letGo()
	if o := await(t, call); o.err != nil || o.value != ":went" {
		t.Errorf("call under way: %+v", o)
	}
	gw.SetDrained(b.Name, false)
	checkHello(t, pool)
}

// A call that crashes on a stopping node is retried on another node if it is
// idempotent. On a running node, the crash is the call's own.
func TestCrashOnAStoppingNode(t *testing.T) {
	a, atA := startApp(t, slowToStop)
	b, atB := startApp(t, beamtest.Options{Name: "b@127.0.0.1"})
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, atA, atB)

	// begin begins a call on a, which does not end until it crashes.
	seen := ""
	begin := func(idempotent bool) (done <-chan outcome, crash func()) {
		gw.SetDrained(b.Name, true)
		defer gw.SetDrained(b.Name, false)
		done = async(func() (string, error) {
			op := rpcclient.Operation{Document: `{ sleep(ms: 0) pace }`, Idempotent: idempotent}
			result, err := absinthe(pool).Run(t.Context(), op)
			if err != nil {
				return "", err
			}
			return result.Node, nil
		})
		var pid string
		eventually(t, "the call runs on a", func() bool {
			for line := range strings.Lines(a.Output()) {
				p, found := strings.CutPrefix(line, "sleeping #PID")
				if p, whole := strings.CutSuffix(p, "\n"); found && whole && !strings.Contains(seen, p) {
					pid = p
				}
			}
			return pid != ""
		})
		seen += pid + "\n"
		return done, func() { a.Eval(t, fmt.Sprintf("Process.exit(:erlang.list_to_pid(~c%q), :kill)", pid)) }
	}
	fails := func(done <-chan outcome) {
		t.Helper()
		var failure *rpcclient.CallError
		if o := await(t, done); !errors.As(o.err, &failure) || failure.Node != a.Name {
			t.Errorf("%+v, want the CallError of %s", o, a.Name)
		}
	}

	done, crash := begin(true)
	crash()
	fails(done)

	query, crashQuery := begin(true)
	mutation, crashMutation := begin(false)
	a.Terminate(t)
	eventually(t, "a is stopping", func() bool { return strings.HasPrefix(a.Eval(t, ":init.get_status()"), "{:stopping") })
	crashMutation()
	fails(mutation)
	if retries := pool.Status().Retries; retries != 0 || strings.Contains(b.Output(), "sleeping") {
		t.Errorf("b was asked too; %d retries", retries)
	}
	crashQuery()
	if o := await(t, query); o.err != nil || o.value != b.Name {
		t.Errorf("%+v, want the answer of %s", o, b.Name)
	}
	if retries := pool.Status().Retries; retries != 1 {
		t.Errorf("%d retries were counted, want 1", retries)
	}
	// The phase is logged, whether a poll or a crash reveals it.
	gw.log.wait(t, "node is stopping", a.Name)
}
