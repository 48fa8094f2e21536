package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// rename gives a field of the root another name on one node, as a deploy does
// that has begun.
func rename(t *testing.T, node *beamtest.Node, from, to string) {
	t.Helper()
	if node.RealAbsinthe() {
		node.Eval(t, fmt.Sprintf(`Code.compiler_options(ignore_module_conflict: true)
System.fetch_env!("HOME") |> Path.join("schema.exs") |> File.read!() |> String.replace("field :%s,", "field :%s,") |> Code.eval_string()
:ok`, from, to))
		return
	}
	node.Eval(t, fmt.Sprintf(`recorded = :persistent_term.get(Absinthe)
:persistent_term.put(Absinthe, %%{recorded | sdl: String.replace(recorded.sdl, "%s", "%s")})
Code.compiler_options(ignore_module_conflict: true)
Code.eval_string("defmodule TestApp.Schema do def version, do: :%s end")
:ok`, from, to, to))
}

// sdl is what GET answers at an address: status and body.
func sdl(t *testing.T, url string) (int, string) {
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

// schemas are the hashes in the status: the application's, and those of its nodes.
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
			g := startGateway(t, before(epmd, line))
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

// As in a rolling deploy: one node has another schema.
func TestDifferentSchemas(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, before(epmd))
	eventually(t, "the schema of both is known", func() bool {
		app, nodes := g.schemas(t)
		return len(app) == 1 && nodes[a.Name] == app[0] && nodes[b.Name] == app[0]
	})

	// It is replaced while the node is connected to.
	rename(t, b, "sleep", "slumber")
	eventually(t, "the difference is noticed", func() bool {
		app, nodes := g.schemas(t)
		return len(app) == 2 && nodes[a.Name] != nodes[b.Name]
	})
	log := g.log.String()
	if n := strings.Count(log, "nodes have different schemas"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if !strings.Contains(log, "RootQueryType.sleep") || !strings.Contains(log, "RootQueryType.slumber") || !strings.Contains(log, b.Name) {
		t.Errorf("the difference is not in the log:\n%s", log)
	}

	text, err := nodes(t, before(epmd))
	if err != nil || !strings.Contains(text, "differs from") || !strings.Contains(text, "RootQueryType.slumber") {
		t.Errorf("louche nodes: %v\n%s", err, text)
	}
}

func TestNodeWithoutTheSchemaGetsNoCalls(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	b.Eval(t, `true = :code.delete(TestApp.Schema)`)
	g := startGateway(t, before(epmd))
	eventually(t, "it is noticed", func() bool { return strings.Contains(g.status(t), `"lacking"`) })
	if !strings.Contains(g.log.String(), "node lacks the schema") {
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

	rename(t, b, "sleep", "slumber") // which defines the module
	eventually(t, "it has the schema now", func() bool { return !strings.Contains(g.status(t), `"lacking"`) })
}
