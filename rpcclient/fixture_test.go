package rpcclient_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/internal/logtest"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

var eventually = waittest.Until

// startApp starts a node of the application with its own EPMD.
func startApp(t testing.TB, o beamtest.Options) (*beamtest.Node, rpcclient.NodeAddr) {
	t.Helper()
	o.EPMDPort = beamtest.StartEPMD(t)
	n := beamtest.StartNode(t, o)
	return n, locate(t, n.Name, o.EPMDPort)
}

// locate asks EPMD for the address of a node.
func locate(t testing.TB, name string, epmdPort int) rpcclient.NodeAddr {
	t.Helper()
	short, host, _ := strings.Cut(name, "@")
	d := discovery.New(discovery.Config{DNS: []string{host}, Prefix: short, EPMDPort: uint16(epmdPort), Timeout: waittest.Limit}, net.DefaultResolver, slog.New(slog.DiscardHandler))
	report := d.Poll(t.Context())
	for _, target := range report.Nodes {
		if before, _, _ := strings.Cut(target.Name, "@"); before == short {
			return rpcclient.NodeAddr(target)
		}
	}
	t.Fatalf("EPMD does not list %s: %v", name, report.Problems)
	return rpcclient.NodeAddr{}
}

// patient has a gateway bear the silence of a node for as long as any test takes.
func patient(cfg *rpcclient.NodeConfig) { cfg.NetTickTime = 4 * waittest.Limit }

// gateway is a node of ours and its log.
type gateway struct {
	*rpcclient.Node
	log *journal
}

// startGateway starts louche@127.0.0.1 with the cookie of the tests. change, if not
// nil, may alter the configuration. All gateways of a test must start before one
// connects: ergo's start writes a global variable that its connections read.
func startGateway(t testing.TB, change func(*rpcclient.NodeConfig)) *gateway {
	t.Helper()
	cfg := rpcclient.NodeConfig{Name: "louche@127.0.0.1", Cookie: beamtest.DefaultCookie}
	cfg.SetDefaults("")
	if change != nil {
		change(&cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	log := new(journal)
	n, err := rpcclient.Start(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.Stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", cfg.Name, log)
		}
	})
	return &gateway{n, log}
}

// pool makes a pool and waits until it is connected to all targets.
func (g *gateway) pool(t testing.TB, cfg rpcclient.PoolConfig, targets ...rpcclient.NodeAddr) *rpcclient.Pool {
	t.Helper()
	pool := rpcclient.NewPool(g.Node, cfg, slog.New(slog.NewTextHandler(g.log, nil)))
	pool.Update(targets, nil)
	for _, target := range targets {
		g.log.wait(t, "node up", target.Name)
	}
	return pool
}

// journal is the log of a test's pools.
type journal struct{ logtest.Recorder }

// wait waits for a record that contains all parts, and returns it.
func (j *journal) wait(t testing.TB, parts ...string) string {
	t.Helper()
	var found []string
	eventually(t, "logged: "+strings.Join(parts, " … "), func() bool {
		found = j.Lines(parts...)
		return len(found) > 0
	})
	return found[0]
}

// absinthe runs documents of the tests' schema.
func absinthe(pool *rpcclient.Pool) *rpcclient.Absinthe {
	return &rpcclient.Absinthe{Pool: pool, Config: rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}}
}

// run runs a document and returns the JSON of its result.
func run(ctx context.Context, pool *rpcclient.Pool, document string) (string, error) {
	result, err := absinthe(pool).Run(ctx, rpcclient.Operation{Document: document})
	if err != nil {
		return "", err
	}
	defer result.Release()
	text, err := result.Value.AppendJSON(nil)
	return string(text), err
}

// eval evaluates Elixir by a call and returns the value in Elixir's notation.
func eval(ctx context.Context, pool *rpcclient.Pool, elixir string) (string, error) {
	args := etf.AppendNil(etf.AppendBinary(etf.AppendList(nil, 1), elixir))
	result, err := pool.Call(ctx, "Elixir.Code", "eval_string", args)
	if err != nil {
		return "", err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value) // {Value, Bindings}
	if _, err := d.Tuple(); err != nil {
		return "", err
	}
	value, err := d.Term()
	return value.String(), err
}

// outcome is the result of run or eval.
type outcome struct {
	value string
	err   error
}

// async calls f in a goroutine.
func async(f func() (string, error)) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	return done
}

// await receives the outcome of a call that is about to end.
func await(t testing.TB, done <-chan outcome) outcome {
	t.Helper()
	return waittest.Receive(t, "outcome of a call", done)
}

// held begins a call that returns :went after letGo, and returns once it runs.
func held(t testing.TB, pool *rpcclient.Pool, node *beamtest.Node) (done <-chan outcome, letGo func()) {
	t.Helper()
	done = async(func() (string, error) {
		return eval(t.Context(), pool, `Process.register(self(), :held); receive do :go -> :went end`)
	})
	eventually(t, "the held call runs", func() bool { return node.Eval(t, "Process.whereis(:held) != nil") == "true" })
	return done, func() { node.Eval(t, "send(:held, :go)") }
}
