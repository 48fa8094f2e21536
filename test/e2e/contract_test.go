package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// rename renames a field of the root on one node, like the begin of a deploy.
func rename(t *testing.T, node *beamtest.Node, from, to string) {
	t.Helper()
	if node.RealAbsinthe() {
		from, to = "field :"+from+",", "field :"+to+","
	}
	change(t, node, from, to)
}

// change replaces a part of the schema on one node: in its module with the real Absinthe,
// else in its SDL.
func change(t *testing.T, node *beamtest.Node, from, to string) {
	t.Helper()
	if node.RealAbsinthe() {
		node.Eval(t, fmt.Sprintf(`Code.compiler_options(ignore_module_conflict: true)
System.fetch_env!("TESTAPP_GOLDEN") |> Path.dirname() |> Path.join("schema.exs") |> File.read!() |> String.replace(%q, %q) |> Code.eval_string()
:ok`, from, to))
		return
	}
	node.Eval(t, fmt.Sprintf(`recorded = :persistent_term.get(Absinthe)
:persistent_term.put(Absinthe, %%{recorded | sdl: String.replace(recorded.sdl, %q, %q)})
Code.compiler_options(ignore_module_conflict: true)
Code.eval_string("defmodule TestApp.Schema do def version, do: " <> inspect(%q) <> " end")
:ok`, from, to, to))
}

// sdl returns status and body of a GET.
func sdl(t testing.TB, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// schemas returns the hashes in /status: of the application, and of its nodes.
func (g *running) schemas(t *testing.T) (app []string, nodes map[string]string) {
	t.Helper()
	var status struct {
		Apps []struct {
			Schemas []string
			Nodes   []struct {
				Name       string
				SchemaHash string `json:"schema_hash"`
			}
		}
	}
	if err := json.Unmarshal([]byte(g.status(t)), &status); err != nil {
		t.Fatal(err)
	}
	nodes = make(map[string]string)
	for _, n := range status.Apps[0].Nodes {
		nodes[n.Name] = n.SchemaHash
	}
	return status.Apps[0].Schemas, nodes
}

func TestSchemaIsServed(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	for level, want := range map[string]struct{ admin, public int }{
		"":       {200, 404},
		"admin":  {200, 404},
		"public": {200, 200},
		"off":    {404, 404},
	} {
		t.Run("sdl: "+level, func(t *testing.T) {
			line := ""
			if level != "" {
				line = "    contract: {sdl: " + level + "}"
			}
			g := startGateway(t, configFor(epmd, line))
			eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
			for url, status := range map[string]int{
				g.admin + "/schema.graphql":         want.admin,
				g.admin + "/graphql/schema.graphql": want.admin,
				g.url + "/graphql/schema.graphql":   want.public,
				g.url + "/schema.graphql":           404,
				g.admin + "/other/schema.graphql":   404,
			} {
				got, text := sdl(t, url)
				if got != status {
					t.Errorf("%s: %d, want %d: %s", url, got, status, text)
				}
				if got == 200 && (!strings.Contains(text, "type RootQueryType {") || !strings.Contains(text, "limit: Int = 2") && !strings.Contains(text, "parts(limit: Int, ")) {
					t.Errorf("%s: %s", url, text)
				}
			}
		})
	}
}

// failIntrospection makes every operation of a node raise. Its SDL can still be read.
func failIntrospection(t *testing.T, n *beamtest.Node) {
	t.Helper()
	n.Eval(t, `Code.compiler_options(ignore_module_conflict: true)
Code.eval_string("defmodule Absinthe do def run(_, _, _), do: raise(\"no introspection\"); def sdl, do: :persistent_term.get(Absinthe).sdl end")
:ok`)
}

// failOnce makes the next operation of a node raise.
func failOnce(t *testing.T, n *beamtest.Node) {
	t.Helper()
	n.Eval(t, `Code.compiler_options(ignore_module_conflict: true)
Code.eval_string("""
defmodule Absinthe do
  def run(_, _, _) do
    {:module, _} = :code.load_file(Absinthe)
    raise "no introspection"
  end

  def sdl, do: :persistent_term.get(Absinthe).sdl
end
""")
:code.purge(Absinthe)
:ok`)
}

// A node whose introspection fails once has the same schema as the others.
func TestFailedIntrospectionIsRetried(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	failOnce(t, b)
	g := startGateway(t, configFor(epmd))
	eventually(t, "the failure is logged", func() bool { return strings.Contains(g.log.String(), "introspection: call on") })
	eventually(t, "both nodes have the same schema", func() bool {
		app, nodes := g.schemas(t)
		return len(app) == 1 && nodes[a.Name] == app[0] && nodes[b.Name] == app[0]
	})
	if log := g.log.String(); strings.Contains(log, "nodes have different schemas") {
		t.Error(log)
	}
}

// In a rolling deploy, one node has another schema.
func TestDifferentSchemas(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	eventually(t, "the schema of both is known", func() bool {
		app, nodes := g.schemas(t)
		return len(app) == 1 && nodes[a.Name] == app[0] && nodes[b.Name] == app[0]
	})

	// The schema changes while the node is connected.
	rename(t, b, "sleep", "slumber")
	eventually(t, "the difference is noticed", func() bool {
		app, nodes := g.schemas(t)
		return len(app) == 2 && nodes[a.Name] != nodes[b.Name]
	})
	const difference = "nodes have different schemas"
	eventually(t, "the difference is logged", func() bool { return strings.Contains(g.log.String(), difference) })
	log := g.log.String()
	if n := strings.Count(log, difference); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if !strings.Contains(log, "RootQueryType.sleep") || !strings.Contains(log, "RootQueryType.slumber") || !strings.Contains(log, b.Name) {
		t.Errorf("the difference is not in the log:\n%s", log)
	}

	text, code := nodes(t, configFor(epmd))
	if code != 0 || !strings.Contains(text, "differs from") || !strings.Contains(text, "RootQueryType.slumber") {
		t.Errorf("louche nodes: status %d\n%s", code, text)
	}
}

func TestNodeWithoutTheSchemaGetsNoCalls(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	b.Eval(t, `
		:code.which(TestApp.Schema) |> Path.dirname() |> String.to_charlist() |> :code.del_path()
		:code.delete(TestApp.Schema)
		{:error, _} = :code.ensure_loaded(TestApp.Schema)`)
	b.Eval(t, `defmodule TestApp.OtherSchema, do: def(__absinthe_schema_provider__, do: nil)`)
	g := startGateway(t, configFor(epmd))
	eventually(t, "it is noticed, and the other one is connected", func() bool {
		status := g.status(t)
		return strings.Contains(status, `"lacking"`) && strings.Contains(status, `"connected"`)
	})
	if len(g.log.Lines("node lacks the schema", "testapp-b@127.0.0.1", "TestApp.OtherSchema")) != 1 {
		t.Errorf("the log does not say so:\n%s", g.log)
	}
	_, answer := g.query(t, `{ counter }`)
	var before int
	fmt.Sscanf(answer, `{"data":{"counter":%d}}`, &before)
	for range 20 {
		_, answer = g.query(t, `{ counter }`)
	}
	if want := fmt.Sprintf(`{"data":{"counter":%d}}`, before+20); answer != want {
		t.Errorf("after 20 calls: %s, want %s", answer, want)
	}

	// The node gets calls as soon as it has the module, though its schema cannot be read.
	if b.RealAbsinthe() {
		rename(t, b, "sleep", "slumber") // defines the module
	} else {
		b.Eval(t, `:persistent_term.put(Absinthe, %{:persistent_term.get(Absinthe) | sdl: :none, introspection: {:error, "none"}})
			Code.eval_string("defmodule TestApp.Schema, do: def(version, do: :new)")
			:ok`)
	}
	eventually(t, "it has the schema now", func() bool { return !strings.Contains(g.status(t), `"lacking"`) })
}

// Invalid operations are refused at once. Valid operations run.
func TestValidate(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	const wrong, want = `{ counter nope }`, `{"errors":[{"message":"Cannot query field \"nope\" on type \"RootQueryType\".","locations":[{"line":1,"column":11}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`
	for _, mode := range []string{"off", "report", "enforce"} {
		t.Run(mode, func(t *testing.T) {
			g := startGateway(t, configFor(epmd, "    contract: {validate: "+mode+"}"))
			eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
			for range 2 { // the second result comes from the cache
				if status, answer := g.query(t, wrong); status != 200 || (answer == want) != (mode == "enforce") {
					t.Errorf("%d %s", status, answer)
				}
			}
			if status, answer := g.query(t, `query($m: String!) { print(message: $m) }`); status != 200 || strings.Contains(answer, "VALIDATION") {
				t.Errorf("without its variable: %d %s", status, answer)
			}
			if _, answer := g.query(t, `{ counter }`); !strings.HasPrefix(answer, `{"data":{"counter":`) {
				t.Errorf("%s", answer)
			}
			// Its status is its own, not that of the response before it.
			if mode == "enforce" {
				for range 5 {
					g.query(t, `{ counter }`)
					if status, answer := g.post(t, `{"query":"`+wrong+`"}`, "Accept", "application/graphql-response+json"); status != 400 || answer != want {
						t.Fatalf("%d %s", status, answer)
					}
				}
			}
			status := g.status(t)
			for count, n := range map[string]map[string]int{
				`"refused"`: {"enforce": 7, "report": 0}, `"agreed"`: {"enforce": 0, "report": 2},
			} {
				if mode != "off" && !strings.Contains(status, fmt.Sprintf("%s: %d", count, n[mode])) {
					t.Errorf("%s is not %d in %s", count, n[mode], status)
				}
			}
		})
	}
	if node.RealAbsinthe() {
		return
	}
	// report does not refuse operations that the application runs beyond its schema. It
	// logs them.
	g := startGateway(t, configFor(epmd, "    contract: {validate: report}"))
	eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
	rename(t, node, "counter", "contra")
	eventually(t, "it has another schema", func() bool {
		if _, answer := g.query(t, `{ counter }`); strings.Contains(answer, "VALIDATION") {
			t.Fatal(answer)
		}
		return strings.Contains(g.log.String(), "that validation would refuse")
	})
}

// A schema that the gateway cannot read refuses no document.
func TestEnforceWaitsForTheSchema(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	if node.RealAbsinthe() { // an empty union, which the specification forbids
		change(t, node, "query do\n", "union :nothing do\ntypes []\nresolve_type fn _, _ -> nil end\nend\nquery do\nfield :nothing, :nothing\n")
	} else { // the double's introspection is recorded, and would replace the definitions
		change(t, node, "type RootQueryType {\n", "union Nothing\ntype RootQueryType {\n  nothing: Nothing\n")
		node.Eval(t, `:persistent_term.put(Absinthe, %{:persistent_term.get(Absinthe) | introspection: {:ok, %{data: %{}}}}); :ok`)
	}
	g := startGateway(t, configFor(epmd, "    contract: {validate: enforce, pin: true}"))
	eventually(t, "it is told", func() bool { return strings.Contains(g.log.String(), "cannot be read") })
	if status, answer := g.query(t, `{ counter }`); status != 200 || !strings.HasPrefix(answer, `{"data":`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := g.query(t, `{ nope }`); status != 200 || strings.Contains(answer, "VALIDATION") {
		t.Errorf("%d %s", status, answer)
	}
}

func TestPin(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	rename(t, b, "sleep", "slumber")
	g := startGateway(t, configFor(epmd, "    contract: {pin: true, validate: enforce}"))
	eventually(t, "both schemas are known", func() bool {
		_, nodes := g.schemas(t)
		return nodes[a.Name] != "" && nodes[b.Name] != ""
	})
	for range 20 {
		if _, answer := g.query(t, `{ sleep(ms: 1) }`); answer != `{"data":{"sleep":true}}` {
			t.Fatalf("%s", answer)
		}
	}
	if strings.Contains(b.Output(), "sleeping ") {
		t.Error("the node that lacks the field was asked")
	}
	for range 5 { // only the other node has it
		if _, answer := g.query(t, `{ slumber(ms: 1) }`); strings.Contains(answer, "VALIDATION") {
			t.Fatalf("%s", answer)
		}
	}
	if strings.Contains(a.Output(), "slumber") {
		t.Error("the node that lacks the other field was asked")
	}
	if _, answer := g.query(t, `{ snooze }`); !strings.Contains(answer, "VALIDATION") {
		t.Errorf("what neither has: %s", answer)
	}
	ranOnA, ranOnB := a.Count(t, "Absinthe.run/3"), b.Count(t, "Absinthe.run/3")
	eventually(t, "both nodes have run an operation that is valid in both schemas", func() bool {
		if status, answer := g.query(t, `{ counter }`); status != 200 {
			t.Fatal(answer)
		}
		return ranOnA() > 0 && ranOnB() > 0
	})
}

func TestUsage(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    contract: {usage: true}"))
	eventually(t, "the schema is known", func() bool { hashes, _ := g.schemas(t); return len(hashes) == 1 })
	for range 3 {
		g.post(t, `{"query":"{ hello }"}`, "apollographql-client-name", "web", "apollographql-client-version", "1.2")
	}
	g.query(t, `{ counter }`)
	g.query(t, `{ nope }`) // it is invalid
	_, text := sdl(t, g.admin+"/usage")
	var report struct {
		Apps []struct {
			Path    string
			Clients []struct {
				Name, Version string
				Requests      int
			}
			Used []struct {
				Path, Reason string
				Requests     int
			}
			Unused []struct{ Path string }
		}
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil || len(report.Apps) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	app := report.Apps[0]
	if len(app.Clients) != 2 || app.Clients[0].Name != "web" || app.Clients[0].Version != "1.2" || app.Clients[0].Requests != 3 {
		t.Errorf("clients: %v", app.Clients)
	}
	if len(app.Used) != 2 || app.Used[0].Path != "RootQueryType.hello" || app.Used[0].Reason != "use greet" || app.Used[0].Requests != 3 {
		t.Errorf("used: %v", app.Used)
	}
	if len(app.Unused) < 10 {
		t.Errorf("unused: %v", app.Unused)
	}
	if _, text = sdl(t, g.admin+"/usage?deprecated=true"); !strings.Contains(text, "hello") || strings.Contains(text, "counter") {
		t.Errorf("deprecated alone: %s", text)
	}
	if status, _ := sdl(t, g.url+"/usage"); status != 404 {
		t.Errorf("on the clients' listener: %d", status)
	}
}
