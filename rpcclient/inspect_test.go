package rpcclient_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/test/beamtest"
)

// inspected makes a pool whose links are delivered, and held until they end.
func (g *gateway) inspected(t testing.TB, targets ...rpcclient.NodeAddr) (*rpcclient.Pool, <-chan *rpcclient.NodeConn, <-chan *rpcclient.NodeConn) {
	t.Helper()
	began, ended := make(chan *rpcclient.NodeConn, 16), make(chan *rpcclient.NodeConn, 16)
	pool := rpcclient.NewPool(g.Node, rpcclient.PoolConfig{}, slog.New(slog.NewTextHandler(g.log, nil)))
	pool.SetInspector(func(ctx context.Context, link *rpcclient.NodeConn) {
		began <- link
		<-ctx.Done()
		ended <- link
	})
	pool.Update(targets, nil)
	return pool, began, ended
}

// An inspector sees every connection, and says whether the node gets calls.
func testInspection(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool, began, ended := gw.inspected(t, target)
	link := <-began
	if link.Name() != node.Name {
		t.Errorf("the link is to %s", link.Name())
	}
	has, err := rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}.HasSchema(t.Context(), link)
	if err != nil || !has {
		t.Errorf("a call over the link: %v, %v", has, err)
	}
	if _, err := run(t.Context(), pool, `{ counter }`); err != nil {
		t.Errorf("before anything is noted: %v", err)
	}

	link.SetSchema(rpcclient.SchemaState{Missing: true})
	if _, err := run(t.Context(), pool, `{ counter }`); !errors.Is(err, rpcclient.ErrNoNode) || pool.Ready() {
		t.Errorf("when it is not callable: %v, ready %v", err, pool.Ready())
	}
	if s := pool.Status().Nodes[0]; s.State != rpcclient.Lacking || s.Schema != (rpcclient.SchemaState{Missing: true}) {
		t.Errorf("%+v", s)
	}
	link.SetSchema(rpcclient.SchemaState{Hash: "a"})
	if _, err := run(t.Context(), pool, `{ counter }`); err != nil || pool.Status().Nodes[0].Schema.Hash != "a" {
		t.Errorf("when it is callable again: %v", err)
	}

	// What was noted is of one connection.
	link.SetSchema(rpcclient.SchemaState{Missing: true})
	node.Eval(t, `:erlang.disconnect_node(:"`+gw.Name()+`")`)
	if former := <-ended; former != link {
		t.Error("another link has ended")
	}
	next := <-began
	if s := pool.Status().Nodes[0]; next == link || s.State != rpcclient.Connected || s.Schema != (rpcclient.SchemaState{}) {
		t.Errorf("after it was connected to again: %+v", s)
	}
	pool.Update(nil, nil)
	if last := <-ended; last != next {
		t.Error("another link has ended")
	}
}

// Calls that only some nodes can answer go to those.
func testFilter(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool, began, _ := gw.inspected(t, atA, atB)
	for range 2 {
		link := <-began
		link.SetSchema(rpcclient.SchemaState{Hash: link.Name()})
	}
	app := absinthe(pool)
	ask := func(filter rpcclient.NodeFilter) (string, error) {
		answer, err := app.Run(t.Context(), rpcclient.Operation{Document: `{ counter }`, Filter: filter})
		if err != nil {
			return "", err
		}
		defer answer.Release()
		return answer.Node, nil
	}
	for range 20 {
		if node, err := ask(func(s rpcclient.SchemaState) bool { return s.Hash == b.Name }); node != b.Name {
			t.Fatalf("asked %s, %v", node, err)
		}
	}
	if node, err := ask(func(rpcclient.SchemaState) bool { return false }); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("what fits none: %s, %v", node, err)
	}
	seen := make(map[string]bool) // the slower one is asked now and then
	eventually(t, "what fits all goes to both", func() bool {
		node, _ := ask(nil)
		seen[node] = true
		return seen[a.Name] && seen[b.Name]
	})
}

func testDescribe(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool, began, _ := gw.inspected(t, target)
	defer pool.Close(t.Context())
	link := <-began
	app := rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}
	const introspection = `{ __schema { queryType { name } } }`
	told, err := app.Describe(t.Context(), link, introspection)
	if err != nil || told.Incomplete != nil || !strings.Contains(told.SDL, "type RootQueryType {") || !strings.Contains(string(told.Introspection), `"RootQueryType"`) {
		t.Errorf("%v, %+v", err, told)
	}
	first, err := app.Fingerprint(t.Context(), link)
	again, _ := app.Fingerprint(t.Context(), link)
	if err != nil || first == "" || first != again {
		t.Errorf("%q, %q, %v", first, again, err)
	}
	other := rpcclient.AbsintheConfig{Schema: "No.Such.Schema"}
	if has, err := other.HasSchema(t.Context(), link); has || err != nil {
		t.Errorf("a module that is not there: %v, %v", has, err)
	}
	if told, err := other.Describe(t.Context(), link, introspection); err == nil {
		t.Errorf("%+v", told)
	}
}
