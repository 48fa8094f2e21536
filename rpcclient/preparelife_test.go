package rpcclient_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/test/beamtest"
)

// anotherAgent is the agent of a gateway of another version.
const anotherAgent = "louche_agent_another"

// loadAnother loads the agent of a gateway of another version into a node, as that gateway
// would, for the time of a lease.
func loadAnother(t testing.TB, node *beamtest.Node, lease time.Duration) {
	t.Helper()
	decode := func(text string) string {
		return fmt.Sprintf("Base.decode64!(%q)", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	renewed := node.Eval(t, fmt.Sprintf(`
		{:ok, tokens, _} = :erl_scan.string(String.to_charlist(%s))
		{:ok, expressions} = :erl_parse.parse_exprs(tokens)
		bindings = [Module: :%s, Source: %s, Arguments: [TestApp.Schema, %d, 1_000_000]]
		elem(:erl_eval.exprs(expressions, bindings), 1)`,
		decode(agent.Loader), anotherAgent, decode(strings.ReplaceAll(agent.Source, agent.Module, anotherAgent)), lease.Milliseconds()))
	if !strings.HasPrefix(renewed, "{:ok, ") {
		t.Fatal(renewed)
	}
}

// checkNothingLeft waits until a node has nothing of an agent any more: no module, no old
// code, no process, no table, no term.
func checkNothingLeft(t testing.TB, node *beamtest.Node, module string) {
	t.Helper()
	left := fmt.Sprintf(`{
		:code.is_loaded(:%[1]s), :erlang.check_old_code(:%[1]s), Process.whereis(:%[1]s), :ets.whereis(:%[1]s),
		for({name, _} <- :persistent_term.get(), name == :%[1]s or match?({:%[1]s, _}, name), do: name),
		for(pid <- Process.list(), {_, {:erl_eval, :exprs, 2}} <- [Process.info(pid, :initial_call)], do: pid)}`, module)
	eventually(t, "nothing is left on the node", func() bool {
		return node.Eval(t, left) == "{false, false, nil, :undefined, [], []}"
	})
}

func TestPrepareLife(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	for _, tt := range []struct {
		name string
		test func(*testing.T, *beamtest.Node, *rpcclient.Absinthe)
	}{
		{"lease that runs out", testPrepareLease},
		{"owner that is killed", testPrepareKilledOwner},
		{"gateway of another version", testPrepareVersions},
		{"call that outlives the agent", testPrepareOutlived},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leftAlone(t, node)
			tt.test(t, node, preparing(t, startGateway(t, nil), rpcclient.PoolConfig{}, target))
			forget(t, node)
			checkNothingLeft(t, node, agent.Module)
		})
	}
}

// Nothing is left of a gateway that does not renew its lease. The agents of other versions
// stay.
func testPrepareLease(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := rpcclient.Operation{Document: `{ counter }`}
	prepare(t, app, op)
	loadAnother(t, node, time.Millisecond)
	checkNothingLeft(t, node, anotherAgent)
	text(t, app, op)
	if !app.Prepared(op) {
		t.Error("the operation is not prepared any more")
	}
}

// Without their owner, documents stay prepared until a gateway renews its lease. The new
// owner begins with none.
func testPrepareKilledOwner(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	var op rpcclient.Operation
	other := rpcclient.Operation{Document: `{ other: counter }`}
	ownerIsGone := func() bool { return node.Eval(t, fmt.Sprintf(":ets.whereis(:%s)", agent.Module)) == ":undefined" }
	attempt := 0
	// The gateway may renew its lease meanwhile, so it is tried again.
	eventually(t, "there is no owner all the time", func() bool {
		attempt++
		id := fmt.Sprintf("orphan-%d", attempt)
		op = appendID(t, app, id)
		node.Eval(t, fmt.Sprintf(`
			owner = Process.whereis(:%s)
			monitor = Process.monitor(owner)
			Process.exit(owner, :kill)
			receive do {:DOWN, ^monitor, :process, ^owner, _} -> :ok end`, agent.Module))
		text(t, app, op)
		checkAppended(t, node, id)
		prepared := app.Prepared(op)
		for range 3 {
			text(t, app, other)
		}
		if !ownerIsGone() {
			return false
		}
		if !prepared {
			t.Error("the operation is not prepared any more")
		}
		return true
	})

	node.Eval(t, fmt.Sprintf(":%s.renew(TestApp.Schema, 60_000, 1_000_000)", agent.Module))
	op.Variables = []byte(`{"id":"adopted"}`)
	text(t, app, op)
	checkAppended(t, node, "adopted")
	prepare(t, app, op)
	prepare(t, app, other)
}

// Gateways of different versions keep documents of their own, and remove no others.
func testPrepareVersions(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := rpcclient.Operation{Document: `query Q($text: String) { echoText(text: $text) }`, Variables: []byte(`{"text":"a"}`)}
	loadAnother(t, node, time.Hour)
	prepare(t, app, op)
	runAnother := func(document string) string {
		return node.Eval(t, fmt.Sprintf(`Task.await(Task.async(fn ->
			:%s.run("hash", %s, TestApp.Schema, [operation_name: "Q", variables: %%{"text" => "b"}], {:map, %%{}}, [])
		end), :infinity)`, anotherAgent, document))
	}
	if got := runAnother(":known"); got != ":unknown" {
		t.Errorf("the other agent has %s", got)
	}
	eventually(t, "the other agent has the document, too", func() bool {
		return strings.HasPrefix(runAnother(fmt.Sprintf("%q", op.Document)), "{true, ")
	})
	if got, want := runAnother(":known"), `{true, {:ok, %{data: %{"echoText" => "b"}}}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	text(t, app, op)
	if !app.Prepared(op) {
		t.Error("the operation is not prepared any more")
	}

	forget(t, node)
	checkNothingLeft(t, node, agent.Module)
	if got := runAnother(":known"); !strings.HasPrefix(got, "{true, ") {
		t.Errorf("the other agent has %s", got)
	}
	node.Eval(t, fmt.Sprintf(":%s.forget()", anotherAgent))
	checkNothingLeft(t, node, anotherAgent)
}

// A call that runs when the agent is removed runs to its end, and the code stays as long.
func testPrepareOutlived(t *testing.T, node *beamtest.Node, app *rpcclient.Absinthe) {
	op := rpcclient.Operation{Document: `query Q($ms: Int!) { sleep(ms: $ms) }`, Variables: []byte(`{"ms":0}`)}
	prepare(t, app, op)
	seen := node.Written(t)
	op.Variables = []byte(`{"ms":3600000}`)
	done := async(func() (string, error) { return text(t, app, op), nil })
	sleeper(t, node, seen)
	purges := node.Count(t, ":code.soft_purge/1")
	forget(t, node)
	eventually(t, "the node tries to purge the code", func() bool { return purges() > 0 })
	node.Wake(t)
	if got := await(t, done).value; got != `{"data":{"sleep":true}}` {
		t.Error(got)
	}
}

// A restarted node prepares documents anew, and mutations still run once.
func TestPrepareRestartedNode(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	gw := startGateway(t, nil)
	app := preparing(t, gw, rpcclient.PoolConfig{}, target)
	op := appendID(t, app, "restarted")
	node.Kill()
	gw.log.wait(t, "node down", node.Name)

	node, target = startApp(t, beamtest.Options{})
	app.Pool.Update([]rpcclient.NodeAddr{target}, nil)
	eventually(t, "connected again", app.Pool.Ready)
	text(t, app, op)
	checkAppended(t, node, "restarted")
	prepare(t, app, op)
	forget(t, node)
	checkNothingLeft(t, node, agent.Module)
}

// A schema that is upgraded on the node answers the next call.
func TestPrepareUpgradedSchema(t *testing.T) {
	node, target := startApp(t, beamtest.Options{})
	app := preparing(t, startGateway(t, nil), rpcclient.PoolConfig{}, target)
	op := rpcclient.Operation{Document: `{ contextText }`}
	prepare(t, app, op)
	before := text(t, app, op)
	source := map[bool]string{true: "schema.exs", false: "absinthe_double.exs"}[node.RealAbsinthe()]
	node.Eval(t, fmt.Sprintf(`
		source = System.fetch_env!("TESTAPP_GOLDEN") |> Path.dirname() |> Path.join(%q) |> File.read!()
		[_, schema] = String.split(source, "defmodule TestApp.Schema do", parts: 2)
		upgraded = String.replace(schema, "\n\n", "\n\n  def context(_), do: %%{current_user_id: 7}\n\n", global: false)
		Code.compile_string("defmodule TestApp.Schema do" <> upgraded)`, source))
	if got := text(t, app, op); got == before || !strings.Contains(got, "7") {
		t.Errorf("%s, before %s", got, before)
	}
	if app.Prepared(op) {
		t.Error("the operation is still prepared")
	}
	prepare(t, app, op)
}
