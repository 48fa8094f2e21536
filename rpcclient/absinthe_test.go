package rpcclient_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

func testRun(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, rpcclient.PoolConfig{}, target)

	t.Run("nothing but a document", func(t *testing.T) {
		for document, want := range map[string]string{
			`{ contextText }`:                          `{"data":{"contextText":"%{}"}}`,
			`query($t: String) { echoText(text: $t) }`: `{"data":{"echoText":null}}`,
		} {
			if got, err := run(t.Context(), pool, document); err != nil || got != want {
				t.Errorf("%s: %s, %v, want %s", document, got, err, want)
			}
		}
	})

	t.Run("variables that are not JSON", func(t *testing.T) {
		_, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{
			Document:  `mutation A($id: String!) { append(id: $id) }`,
			Variables: []byte(`{"id": "1"`),
		})
		var syntax *etf.SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != 10 {
			t.Errorf("%v, want a SyntaxError at 10", err)
		}
		if got := node.Appended(t); len(got) > 0 {
			t.Errorf("ran %v", got)
		}
	})

	// The result is complete; only JSON cannot represent it.
	t.Run("term without JSON form", func(t *testing.T) {
		_, err := run(t.Context(), pool, `{ badTerm }`)
		var noJSON *etf.JSONError
		if !errors.As(err, &noJSON) || noJSON.Path != "data.badTerm" || noJSON.Reason != "a pid" {
			t.Errorf("%v, want a JSONError of a pid at data.badTerm", err)
		}
	})

	t.Run("resolvers that fail", func(t *testing.T) {
		for document, want := range map[string]rpcclient.CallError{
			`{ raise(message: "no disk") }`: {Class: "error", Reason: `"no disk"`},
			`{ throw }`:                     {Class: "throw", Reason: ":ball"},
			`{ exit }`:                      {Class: "exit", Reason: ":leaving"},
			`{ kill }`:                      {Class: "signal", Reason: ":killed"},
		} {
			_, err := run(t.Context(), pool, document)
			var failure *rpcclient.CallError
			if !errors.As(err, &failure) || !strings.Contains(failure.Reason, want.Reason) {
				t.Errorf("%s: %v, want %v", document, err, &want)
				continue
			}
			// Absinthe itself may turn a throw into an error, {nocatch, Ball}.
			if failure.Class != want.Class && want.Class != "throw" {
				t.Errorf("%s: class %s, want %s", document, failure.Class, want.Class)
			}
		}
	})

	// As under Absinthe.Plug in Bandit, whose processes trap exits.
	t.Run("processes that a resolver is linked to", func(t *testing.T) {
		for expression, want := range map[string]string{
			`Process.info(self(), :trap_exit)`:                                             "{:trap_exit, true}",
			linked(`exit(:shutdown)`):                                                      ":shutdown",
			linked(`raise "a linked process crashed"`):                                     "a linked process crashed",
			`Enum.to_list(Task.async_stream([1], fn _ -> raise "streamed" end))`:           "exit: {%RuntimeError",
			`Task.await(Task.async(fn -> :done end))`:                                      ":done",
			`Process.exit(self(), :shutdown); receive do {:EXIT, _, reason} -> reason end`: ":shutdown",
		} {
			got, err := evalAsResolver(t, pool, node, expression)
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%s: %s, %v, want %s", expression, got, err, want)
			}
		}
		for expression, want := range map[string]rpcclient.CallError{
			`Task.await(Task.async(fn -> raise "a task crashed" end))`: {Class: "exit", Reason: "a task crashed"},
			`Task.await(Task.async(fn -> exit(:shutdown) end))`:        {Class: "exit", Reason: ":shutdown"},
			`Process.exit(self(), :kill); Process.sleep(:infinity)`:    {Class: "signal", Reason: ":killed"},
		} {
			_, err := evalAsResolver(t, pool, node, expression)
			var failure *rpcclient.CallError
			if !errors.As(err, &failure) || failure.Class != want.Class || !strings.Contains(failure.Reason, want.Reason) {
				t.Errorf("%s: %v, want %v", expression, err, &want)
			}
		}
	})

	t.Run("options", func(t *testing.T) {
		const document, fine = `{ pidText contextText counter }`, `{"data":{`
		for name, tt := range map[string]struct {
			config rpcclient.AbsintheConfig
			want   string
		}{
			"none":                     {rpcclient.AbsintheConfig{}, fine},
			"analysis without a limit": {rpcclient.AbsintheConfig{AnalyzeComplexity: true}, fine},
			"as complex as may be":     {rpcclient.AbsintheConfig{MaxComplexity: 3}, fine},
			"too complex":              {rpcclient.AbsintheConfig{MaxComplexity: 2}, `"message":"Operation is too complex: complexity is 3 and maximum is 2"`},
			"as many tokens as may be": {rpcclient.AbsintheConfig{TokenLimit: 5}, fine},
			"too many tokens":          {rpcclient.AbsintheConfig{TokenLimit: 4}, `"message":"Token limit exceeded"`},
			"all":                      {rpcclient.AbsintheConfig{AnalyzeComplexity: true, MaxComplexity: 300, TokenLimit: 300}, fine},
		} {
			app := rpcclient.Absinthe{Pool: pool, Config: tt.config}
			app.Config.Schema = "TestApp.Schema"
			result, err := app.Run(t.Context(), rpcclient.Operation{Document: document})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got, err := result.Value.AppendJSON(nil)
			result.Release()
			if err != nil || !strings.Contains(string(got), tt.want) {
				t.Errorf("%s: %s, %v, want %s", name, got, err, tt.want)
			}
		}
	})

	t.Run("unknown schema", func(t *testing.T) {
		app := rpcclient.Absinthe{Pool: pool, Config: rpcclient.AbsintheConfig{Schema: "No.Such.Schema"}}
		_, err := app.Run(t.Context(), rpcclient.Operation{Document: `{ hello }`})
		var failure *rpcclient.CallError
		if !errors.As(err, &failure) || failure.Class != "error" || !strings.Contains(failure.Reason, "Absinthe.") {
			t.Errorf("%v, want an error in Absinthe", err)
		}
	})
}

func TestAbsintheConfigValidatesNumbers(t *testing.T) {
	for _, config := range []rpcclient.AbsintheConfig{{MaxComplexity: -1}, {TokenLimit: -1}} {
		config.Schema = "A"
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "is negative") {
			t.Errorf("%+v: %v", config, err)
		}
	}
}

func TestAbsintheConfigValidatesContextFrom(t *testing.T) {
	for function, valid := range map[string]bool{
		"":                              true,
		"MyApp.Gateway.build_context":   true,
		"Gateway.build":                 true,
		"MyApp.Gateway._build2":         true,
		"MyApp.Gateway.allowed?":        true,
		"MyApp.Gateway.build!":          true,
		"MyApp.Gateway.build!?":         false,
		"MyApp.Gateway":                 false,
		"MyApp.Gateway.Build":           false,
		"MyApp.Gateway.build/1":         false,
		"MyApp.Gateway.build ":          false,
		"MyApp.Gateway.":                false,
		"build_context":                 false,
		".build_context":                false,
		":my_gateway.build_context":     false,
		"Elixir.MyApp.build_context":    false,
		"M." + strings.Repeat("a", 240): false,
	} {
		err := (&rpcclient.AbsintheConfig{Schema: "A", ContextFrom: function}).Validate()
		if valid && err != nil {
			t.Errorf("%q: %v", function, err)
		}
		if !valid && (err == nil || !strings.Contains(err.Error(), "context_from ")) {
			t.Errorf("%q: %v, want an error that names the key", function, err)
		}
	}
	for _, config := range []rpcclient.AbsintheConfig{
		{Schema: "A", ContextCache: time.Second},
		{Schema: "A", ContextFrom: "A.b", ContextCache: -time.Second},
	} {
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "context_cache ") {
			t.Errorf("%+v: %v, want an error that names the key", config, err)
		}
	}
}

func TestAbsintheConfigValidate(t *testing.T) {
	for schema, valid := range map[string]bool{
		"MyApp.Schema":                 true,
		"Schema":                       true,
		"MyApp.V2_0.Schema":            true,
		"":                             false,
		"myapp.Schema":                 false,
		"Elixir..Schema":               false,
		"MyApp.Schema.":                false,
		"MyApp.Schema\n":               false,
		":my_app":                      false,
		"Schéma":                       false,
		"M" + strings.Repeat("a", 240): false,
	} {
		err := (&rpcclient.AbsintheConfig{Schema: schema}).Validate()
		if valid && err != nil {
			t.Errorf("schema %q: %v", schema, err)
		}
		if !valid && (err == nil || !strings.Contains(err.Error(), "schema ")) {
			t.Errorf("schema %q: %v, want an error that names the key", schema, err)
		}
	}
}

// linked is Elixir for a process, linked to a resolver, that ends in this way.
func linked(ends string) string {
	return "pid = spawn_link(fn -> " + ends + " end); receive do {:EXIT, ^pid, {reason, _stack}} -> reason; {:EXIT, ^pid, reason} -> reason end"
}

// evalAsResolver evaluates Elixir in a resolver, and returns the value in Elixir's
// notation.
func evalAsResolver(t *testing.T, pool *rpcclient.Pool, node *beamtest.Node, elixir string) (string, error) {
	t.Helper()
	variables, err := json.Marshal(map[string]string{"term": ":persistent_term.put(:evaluated, inspect((" + elixir + ")))"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := absinthe(pool).Run(t.Context(), rpcclient.Operation{
		Document:  `query($term: String!) { contextIs(term: $term) }`,
		Variables: variables,
	})
	if err != nil {
		return "", err
	}
	defer result.Release()
	return node.Eval(t, ":persistent_term.get(:evaluated)"), nil
}
