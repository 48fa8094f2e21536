package rpcclient_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/test/beamtest"
)

// preparing returns an application whose nodes have loaded the agent.
func preparing(t testing.TB, gw *gateway, cfg rpcclient.PoolConfig, targets ...rpcclient.NodeAddr) *rpcclient.Absinthe {
	t.Helper()
	app := absinthe(rpcclient.NewPool(gw.Node, cfg, slog.New(slog.NewTextHandler(gw.log, nil))))
	app.Config.Prepare = "on"
	app.Config.SetDefaults()
	app.Pool.AddInspector(app.InstallAgent)
	app.Pool.Update(targets, nil)
	eventually(t, "the nodes prepare documents", func() bool {
		nodes := app.Pool.Status().Nodes
		return len(nodes) == len(targets) && !slices.ContainsFunc(nodes, func(n rpcclient.NodeStatus) bool {
			return n.Prepared == nil || n.Prepared.Problem != ""
		})
	})
	return app
}

// text runs an operation and returns the JSON of its result.
func text(t testing.TB, app *rpcclient.Absinthe, op rpcclient.Operation) string {
	t.Helper()
	result, err := app.Run(t.Context(), op)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Release()
	json, err := result.Value.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(json)
}

// prepare runs an operation until its node runs it without its text.
func prepare(t testing.TB, app *rpcclient.Absinthe, op rpcclient.Operation) {
	t.Helper()
	eventually(t, "the operation is prepared", func() bool {
		text(t, app, op)
		return app.Prepared(op)
	})
}

// forget removes the agent from a node.
func forget(t testing.TB, node *beamtest.Node) {
	t.Helper()
	node.Eval(t, fmt.Sprintf(":erlang.function_exported(:%[1]s, :forget, 0) and :%[1]s.forget()", agent.Module))
}

func TestPrepare(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	for _, tt := range []struct {
		name string
		test func(*testing.T, *beamtest.Node, *rpcclient.Absinthe)
	}{
		{"golden cases", testPrepareGolden},
		{"Absinthe.run is not called", testPrepareSkipsRun},
		{"mutation that the node has forgotten", testPrepareUnknown},
		{"agent that the node has removed", testPrepareRemoved},
		{"errors are Absinthe's own", testPrepareErrors},
		{"invalid default value of an absent variable", testPrepareDefault},
		{"telemetry", testPrepareTelemetry},
		{"end of the context", testPrepareEndsWithItsContext},
		{"changed schema", testPrepareChangedSchema},
		{"memory", testPrepareMemory},
		{"documents that drop others", testPrepareChunks},
		{"documents seen once", testPrepareFlood},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leftAlone(t, node)
			t.Cleanup(func() { forget(t, node) })
			tt.test(t, node, preparing(t, startGateway(t, nil), rpcclient.PoolConfig{}, target))
		})
	}
}

// settle waits until the node has decided about every offered document.
func settle(t testing.TB, node *beamtest.Node) {
	t.Helper()
	eventually(t, "no document is offered", func() bool {
		return node.Eval(t, fmt.Sprintf(":ets.lookup_element(:%s, :offers, 2)", agent.Module)) == "0"
	})
}

// A prepared document has the same answer.
func testPrepareGolden(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	cases := goldentest.Cases(t)
	prepared := 0
	for range 4 {
		prepared = 0
		for _, c := range cases {
			op := rpcclient.Operation{Document: c.Query, Variables: c.Variables, Name: c.OperationName, Context: c.ContextETF[1:]}
			if app.Prepared(op) {
				prepared++
			}
			goldentest.CheckJSON(t, []byte(text(t, app, op)), []byte(c.JSON))
		}
		settle(t, node)
	}
	if prepared < len(cases)/2 {
		t.Errorf("%d of %d documents are prepared", prepared, len(cases))
	}
}

func testPrepareSkipsRun(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := rpcclient.Operation{Document: `query Q($text: String) { echoText(text: $text) }`}
	prepare(t, app, op)
	runs := node.Count(t, "Absinthe.run/3")
	for _, variable := range []string{"a", "b"} {
		op.Variables = fmt.Appendf(nil, `{"text":%q}`, variable)
		if got, want := text(t, app, op), fmt.Sprintf(`{"data":{"echoText":%q}}`, variable); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if n := runs(); n != 0 {
		t.Errorf("Absinthe.run was called %d times", n)
	}
}

// appendID is a mutation, prepared.
func appendID(t testing.TB, app *rpcclient.Absinthe, id string) rpcclient.Operation {
	t.Helper()
	op := rpcclient.Operation{Document: `mutation M($id: String!) { append(id: $id) }`, Variables: []byte(`{"id":"before"}`)}
	prepare(t, app, op)
	op.Variables = fmt.Appendf(nil, `{"id":%q}`, id)
	return op
}

// checkAppended checks that a mutation ran once.
func checkAppended(t testing.TB, node *beamtest.Node, id string) {
	t.Helper()
	if got := slices.DeleteFunc(node.Appended(t), func(other string) bool { return other != id }); len(got) != 1 {
		t.Errorf("mutation %s ran %d times", id, len(got))
	}
}

// The node answers that it does not know the document, and the gateway sends its text.
func testPrepareUnknown(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := appendID(t, app, "unknown")
	node.Eval(t, fmt.Sprintf(":persistent_term.erase(:%s)", agent.Module))
	if got := text(t, app, op); got != `{"data":{"append":true}}` {
		t.Error(got)
	}
	checkAppended(t, node, "unknown")
	prepare(t, app, op)
}

func testPrepareRemoved(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := appendID(t, app, "removed")
	forget(t, node)
	if got := text(t, app, op); got != `{"data":{"append":true}}` {
		t.Error(got)
	}
	checkAppended(t, node, "removed")
	if s := app.Pool.Status().Nodes[0].Prepared; s == nil || s.Problem == "" {
		t.Errorf("status %+v has no problem", s)
	}
	left := fmt.Sprintf("{:code.is_loaded(:%[1]s), :persistent_term.get(:%[1]s, :none), Process.whereis(:%[1]s), :ets.whereis(:%[1]s)}", agent.Module)
	eventually(t, "nothing is left on the node", func() bool {
		return node.Eval(t, left) == "{false, :none, nil, :undefined}" && node.Eval(t, fmt.Sprintf(":erlang.check_old_code(:%s)", agent.Module)) == "false"
	})
}

func testPrepareErrors(t *testing.T, _ *beamtest.Node, app *rpcclient.Absinthe) {
	plain := absinthe(app.Pool)
	op := rpcclient.Operation{Document: `query Q($ms: Int!) { sleep(ms: $ms) }`, Variables: []byte(`{"ms":0}`)}
	prepare(t, app, op)
	for _, variables := range []string{``, `{}`, `{"ms":null}`} {
		op.Variables = []byte(variables)
		got, want := text(t, app, op), text(t, plain, op)
		if got != want || !strings.Contains(got, "Expected non-null") {
			t.Errorf("variables %s: %s, want %s", variables, got, want)
		}
	}
	crash := rpcclient.Operation{Document: `query Q($m: String) { raise(message: $m) }`, Variables: []byte(`{"m":"boom"}`)}
	for range 3 {
		_, err := app.Run(t.Context(), crash)
		checkCallError(t, "raise", err, "error", `"boom"`, "TestApp.Fields.raise/1")
	}
}

// A run validates the default values of the variables that it lacks: the run that prepared
// the document may have had them.
func testPrepareDefault(t *testing.T, _ *beamtest.Node, app *rpcclient.Absinthe) {
	plain := absinthe(app.Pool)
	op := rpcclient.Operation{
		Document:  `query Q($filter: PartFilter = {note: "a", note: "b"}) { echo(filter: $filter) }`,
		Variables: []byte(`{"filter":null}`),
	}
	prepare(t, app, op)
	op.Variables = nil
	if got, want := text(t, app, op), text(t, plain, op); got != want || !strings.Contains(got, "Duplicate input field name") {
		t.Errorf("%s, want %s", got, want)
	}
}

// A prepared run sends the same events as Absinthe.run, with the same blueprint and
// options, whether it passes cleanly or not.
func testPrepareTelemetry(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	plain := absinthe(app.Pool)
	op := rpcclient.Operation{Document: `query T($text: String!) { echoText(text: $text) }`, Variables: []byte(`{"text":"a"}`)}
	prepare(t, app, op)
	node.Eval(t, "TestApp.Events.start()")
	for _, variables := range []string{`{"text":"a"}`, `{"text":"b"}`, `{"text":null}`} {
		op.Variables = []byte(variables)
		text(t, plain, op)
		want := node.Eval(t, "TestApp.Events.take()")
		text(t, app, op)
		if got := node.Eval(t, "TestApp.Events.take()"); got != want || strings.Count(want, "start:") != 1 || strings.Count(want, "stop:") != 1 {
			t.Errorf("variables %s: events %s, want %s", variables, got, want)
		}
	}
	if !app.Prepared(op) {
		t.Error("the operation is not prepared any more")
	}
}

func testPrepareEndsWithItsContext(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := rpcclient.Operation{Document: `query Q($ms: Int!) { sleep(ms: $ms) }`, Variables: []byte(`{"ms":0}`)}
	gone := func() int { return strings.Count(node.Output(), "gone ") }
	slept, before := node.Count(t, "TestApp.Fields.sleep/1"), gone()
	prepare(t, app, op)
	eventually(t, "the node has written of all calls", func() bool { return gone()-before >= slept() })
	pid := outlived(t, node, func(ctx context.Context) (string, error) {
		op.Variables = []byte(`{"ms":3600000}`)
		_, err := app.Run(ctx, op)
		return "", err
	})
	if line := node.WaitOutput(t, "gone "+pid); line != "gone "+pid+" killed" {
		t.Errorf("%q, want it killed", line)
	}
}

// Documents that were prepared with another version of the schema are void at once.
func testPrepareChangedSchema(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	if node.RealAbsinthe() {
		t.Skip("replaces the compiled schema, which the double does not use")
	}
	op := rpcclient.Operation{Document: `{ counter }`}
	prepare(t, app, op)
	node.Eval(t, "Code.compile_string(\"defmodule TestApp.Schema.Compiled do end\")")
	text(t, app, op)
	if app.Prepared(op) {
		t.Error("the operation is still prepared")
	}
	prepare(t, app, op)
}

func testPrepareMemory(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	const documents = 20
	run := func() {
		for i := range documents {
			for range 2 {
				text(t, app, rpcclient.Operation{Document: fmt.Sprintf("{ a%d: counter }", i)})
			}
		}
		settle(t, node)
	}
	run()
	count := func() (documents, words int) {
		state := node.Eval(t, fmt.Sprintf("elem(:persistent_term.get(:%s), 0) |> then(&{map_size(&1), Enum.sum(for {_, {_, _, w, _}} <- &1, do: w)})", agent.Module))
		if _, err := fmt.Sscanf(state, "{%d, %d}", &documents, &words); err != nil {
			t.Fatal(state, err)
		}
		return documents, words
	}
	n, words := count()
	if n != documents {
		t.Fatalf("%d documents are prepared, want %d", n, documents)
	}
	// The same module for a gateway that allows half of it. The other gateway may renew its
	// own bound meanwhile, so it is tried again.
	attempt := 0
	eventually(t, "the documents are within half of the memory", func() bool {
		attempt++
		node.Eval(t, fmt.Sprintf(":%s.renew(TestApp.Schema, 60_000, %d)", agent.Module, words/2))
		for range 2 {
			text(t, app, rpcclient.Operation{Document: fmt.Sprintf("{ another%d: counter }", attempt)})
		}
		settle(t, node)
		n, now := count()
		return now <= words/2 && n >= documents/3
	})
}

// Documents that come one after another, and drop others, take the memory that the node
// reports: dropped ones leave nothing behind.
func testPrepareChunks(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	kept := func() string {
		return node.Eval(t, fmt.Sprintf(`
			{documents, _} = :persistent_term.get(:%[1]s)
			chunks = for {{:%[1]s, chunk}, content} <- :persistent_term.get(), into: %%{}, do: {chunk, content}
			words = Enum.sum(for {_, content} <- chunks, {_, kept} <- content, do: :erts_debug.flat_size(kept))
			found = Enum.all?(documents, fn {key, {_, _, _, chunk}} -> is_map_key(Map.get(chunks, chunk, %%{}), key) end)
			{found, map_size(chunks), words <= 10_000}`, agent.Module))
	}
	for round := range 30 {
		for i := range 4 {
			for range 2 + round {
				text(t, app, rpcclient.Operation{Document: fmt.Sprintf("{ a%dx%d: counter }", round, i)})
			}
		}
		node.Eval(t, fmt.Sprintf(":%[1]s.renew(TestApp.Schema, 60_000, 10_000); send(:%[1]s, :replace)", agent.Module))
		settle(t, node)
		// The owner may replace once more while the test reads, so that it sees a chunk and its
		// successor, or an index with chunks that are gone.
		eventually(t, "the chunks are within their bounds", func() bool {
			var found, within bool
			var chunks int
			state := strings.NewReplacer("{", "", "}", "", ",", "").Replace(kept())
			if _, err := fmt.Sscan(state, &found, &chunks, &within); err != nil {
				t.Fatalf("round %d: %s, %v", round, state, err)
			}
			return found && within && chunks <= 16
		})
	}
}

// Documents that are seen once are not prepared.
func testPrepareFlood(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	prepare(t, app, rpcclient.Operation{Document: "{ counter }"})
	for i := range 100 {
		text(t, app, rpcclient.Operation{Document: fmt.Sprintf("{ flood%d: counter }", i)})
	}
	settle(t, node)
	if got := node.Eval(t, fmt.Sprintf("map_size(elem(:persistent_term.get(:%s), 0))", agent.Module)); got != "1" {
		t.Errorf("%s documents are prepared, want 1", got)
	}
}

// A node that cannot prepare documents runs them from their text, and says why.
func TestPrepareUnsupported(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	gw := startGateway(t, nil)
	node.Eval(t, `:code.delete(:compile); :code.purge(:compile); :code.del_path(:compiler); :code.is_loaded(:compile)`)
	app := absinthe(rpcclient.NewPool(gw.Node, rpcclient.PoolConfig{}, slog.New(slog.NewTextHandler(gw.log, nil))))
	app.Config.Prepare = "on"
	app.Pool.AddInspector(app.InstallAgent)
	app.Pool.Update([]rpcclient.NodeAddr{target}, nil)
	gw.log.wait(t, "node does not prepare documents", node.Name)
	for range 3 {
		if got := text(t, app, rpcclient.Operation{Document: `{ echoText(text: "a") }`}); got != `{"data":{"echoText":"a"}}` {
			t.Error(got)
		}
	}
	if s := app.Pool.Status().Nodes[0].Prepared; s == nil || s.Problem == "" {
		t.Errorf("status %+v has no problem", s)
	}
}

// An operator removes everything from a node, and mutations of a connected gateway still
// run once.
func TestForget(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	operator := startGateway(t, func(cfg *rpcclient.NodeConfig) { cfg.Name = "operator@127.0.0.1" })
	app := preparing(t, startGateway(t, nil), rpcclient.PoolConfig{}, target)
	op := appendID(t, app, "forgotten")
	for _, want := range [][]string{{agent.Module}, nil} {
		if modules, err := operator.Forget(t.Context(), target); err != nil || !slices.Equal(modules, want) {
			t.Errorf("%v, %v, want %v", modules, err, want)
		}
	}
	text(t, app, op)
	checkAppended(t, node, "forgotten")
}
