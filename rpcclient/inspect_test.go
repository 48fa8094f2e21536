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

// inspected makes a pool whose connections are delivered at their start and end.
func (g *gateway) inspected(t testing.TB, targets ...rpcclient.NodeAddr) (*rpcclient.Pool, <-chan *rpcclient.NodeConn, <-chan *rpcclient.NodeConn) {
	t.Helper()
	began, ended := make(chan *rpcclient.NodeConn, 16), make(chan *rpcclient.NodeConn, 16)
	pool := rpcclient.NewPool(g.Node, rpcclient.PoolConfig{}, slog.New(slog.NewTextHandler(g.log, nil)))
	pool.AddInspector(func(ctx context.Context, conn *rpcclient.NodeConn) {
		began <- conn
		<-ctx.Done()
		ended <- conn
	})
	pool.Update(targets, nil)
	return pool, began, ended
}

// An inspector sees every connection and can stop the calls of a node.
func testInspection(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool, began, ended := gw.inspected(t, target)
	conn := <-began
	if conn.Name() != node.Name {
		t.Errorf("the connection is to %s", conn.Name())
	}
	has, err := rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}.HasSchema(t.Context(), conn)
	if err != nil || !has {
		t.Errorf("a call over the connection: %v, %v", has, err)
	}
	if _, err := run(t.Context(), pool, `{ counter }`); err != nil {
		t.Errorf("before a state is set: %v", err)
	}

	conn.SetSchema(rpcclient.SchemaState{Missing: true})
	if _, err := run(t.Context(), pool, `{ counter }`); !errors.Is(err, rpcclient.ErrNoNode) || pool.Ready() {
		t.Errorf("without the schema: %v, ready %v", err, pool.Ready())
	}
	if s := pool.Status().Nodes[0]; s.State != rpcclient.Lacking || s.Schema != (rpcclient.SchemaState{Missing: true}) {
		t.Errorf("%+v", s)
	}
	conn.SetSchema(rpcclient.SchemaState{Hash: "a"})
	if _, err := run(t.Context(), pool, `{ counter }`); err != nil || pool.Status().Nodes[0].Schema.Hash != "a" {
		t.Errorf("with the schema: %v", err)
	}

	// The state belongs to one connection.
	conn.SetSchema(rpcclient.SchemaState{Missing: true})
	node.Eval(t, `:erlang.disconnect_node(:"`+gw.Name()+`")`)
	if former := <-ended; former != conn {
		t.Error("another connection has ended")
	}
	next := <-began
	if s := pool.Status().Nodes[0]; next == conn || s.State != rpcclient.Connected || s.Schema != (rpcclient.SchemaState{}) {
		t.Errorf("after the reconnection: %+v", s)
	}
	pool.Update(nil, nil)
	if last := <-ended; last != next {
		t.Error("another connection has ended")
	}
}

// A filter restricts an operation to some nodes.
func testFilter(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool, began, _ := gw.inspected(t, atA, atB)
	for range 2 {
		conn := <-began
		conn.SetSchema(rpcclient.SchemaState{Hash: conn.Name()})
	}
	app := absinthe(pool)
	ask := func(filter rpcclient.NodeFilter) (string, error) {
		result, err := app.Run(t.Context(), rpcclient.Operation{Document: `{ counter }`, Filter: filter})
		if err != nil {
			return "", err
		}
		defer result.Release()
		return result.Node, nil
	}
	for range 20 {
		if node, err := ask(func(s rpcclient.SchemaState) bool { return s.Hash == b.Name }); node != b.Name {
			t.Fatalf("asked %s, %v", node, err)
		}
	}
	if node, err := ask(func(rpcclient.SchemaState) bool { return false }); !errors.Is(err, rpcclient.ErrNoNode) {
		t.Errorf("a filter without nodes: %s, %v", node, err)
	}
	seen := make(map[string]bool) // the slower one gets a call now and then
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
	conn := <-began
	app := rpcclient.AbsintheConfig{Schema: "TestApp.Schema"}
	const introspection = `{ __schema { queryType { name } } }`
	description, err := app.Describe(t.Context(), conn, introspection)
	if err != nil || description.Incomplete != nil || !strings.Contains(description.SDL, "type RootQueryType {") || !strings.Contains(string(description.Introspection), `"RootQueryType"`) {
		t.Errorf("%v, %+v", err, description)
	}
	first, err := app.Fingerprint(t.Context(), conn)
	again, _ := app.Fingerprint(t.Context(), conn)
	if err != nil || first == "" || first != again {
		t.Errorf("%q, %q, %v", first, again, err)
	}
	other := rpcclient.AbsintheConfig{Schema: "No.Such.Schema"}
	if has, err := other.HasSchema(t.Context(), conn); has || err != nil {
		t.Errorf("a module that is not there: %v, %v", has, err)
	}
	if description, err := other.Describe(t.Context(), conn, introspection); err == nil {
		t.Errorf("%+v", description)
	}
}
