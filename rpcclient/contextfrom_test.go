package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// building runs documents with contexts of the tests' application.
func building(pool *rpcclient.Pool, keep time.Duration) *rpcclient.Absinthe {
	return &rpcclient.Absinthe{Pool: pool, Config: rpcclient.AbsintheConfig{
		Schema: "TestApp.Schema", ContextFrom: "TestApp.Gateway.build_context", ContextCache: keep,
	}}
}

// claims encodes keys and values.
func claims(pairs ...string) []byte {
	b := etf.AppendMap(nil, len(pairs)/2)
	for _, text := range pairs {
		b = etf.AppendBinary(b, text)
	}
	return b
}

// contextText is the context that a resolver has, in Elixir's notation.
func contextText(ctx context.Context, app *rpcclient.Absinthe, op rpcclient.Operation) (string, error) {
	op.Document = `{ contextText }`
	result, err := app.Run(ctx, op)
	if err != nil {
		return "", err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	for range 2 { // %{data: %{"contextText" => text}}
		if n, err := d.Map(); err != nil || n != 1 {
			return result.Value.String(), err
		}
		if err := d.Skip(); err != nil {
			return "", err
		}
	}
	text, err := d.Binary()
	return string(text), err
}

// called is the number of calls of the application's function since the last time.
func called(t testing.TB, node *beamtest.Node) string {
	t.Helper()
	return node.Eval(t, "TestApp.Gateway.called()")
}

// sensitive pools eject a node after two failures.
var sensitive = rpcclient.PoolConfig{Breaker: rpcclient.BreakerConfig{Calls: 2, Window: time.Minute}}

func testContextFrom(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	pool := gw.pool(t, sensitive, target)
	testContexts(t, node, func(keep time.Duration) *rpcclient.Absinthe { return building(pool, keep) })
}

// The agent builds contexts, too.
func testContextFromPrepared(t *testing.T, node *beamtest.Node, target rpcclient.NodeAddr) {
	gw := startGateway(t, nil)
	prepared := preparing(t, gw, sensitive, target)
	prepare(t, prepared, rpcclient.Operation{Document: `{ contextText }`})
	testContexts(t, node, func(keep time.Duration) *rpcclient.Absinthe {
		app := building(prepared.Pool, keep)
		app.Config.Prepare = "on"
		return app
	})
}

func testContexts(t *testing.T, node *beamtest.Node, building func(time.Duration) *rpcclient.Absinthe) {
	// current_user: nil, tenant: "acme"
	configured := etf.AppendAtom(etf.AppendAtom(etf.AppendMap(nil, 2), "current_user"), "nil")
	configured = etf.AppendBinary(etf.AppendAtom(configured, "tenant"), "acme")

	// The second context comes from the cache if there is one.
	for _, keep := range []time.Duration{0, time.Hour} {
		t.Run(fmt.Sprintf("what arrives, cached for %v", keep), func(t *testing.T) {
			app := building(keep)
			for name, tt := range map[string]struct {
				op   rpcclient.Operation
				want string
			}{
				"nobody":                    {rpcclient.Operation{}, `%{claims: %{}}`},
				"a map":                     {rpcclient.Operation{Claims: claims("sub", "42")}, `%{claims: %{"sub" => "42"}}`},
				"ok with a map":             {rpcclient.Operation{Claims: claims("reply", "ok")}, `%{claims: %{"reply" => "ok"}}`},
				"beside what is configured": {rpcclient.Operation{Context: configured}, `%{claims: %{}, current_user: nil, tenant: "acme"}`},
				"over what is configured": {rpcclient.Operation{Context: configured, Claims: claims("reply", "current_user", "sub", "7")},
					`%{current_user: "7", locale: "of the function", tenant: "acme"}`},
			} {
				tt.op.ContextKey = name
				for range 2 {
					if got, err := contextText(t.Context(), app, tt.op); err != nil || got != tt.want {
						t.Errorf("%s: %s, %v, want %s", name, got, err, tt.want)
					}
				}
			}
		})
	}

	t.Run("name with a question mark", func(t *testing.T) {
		app := building(0)
		app.Config.ContextFrom = "TestApp.Gateway.always?"
		if got, err := contextText(t.Context(), app, rpcclient.Operation{}); err != nil || got != `%{claims: %{}}` {
			t.Errorf("%s, %v", got, err)
		}
	})

	t.Run("cached as it was built", func(t *testing.T) {
		app := building(time.Hour)
		op := rpcclient.Operation{Claims: claims("reply", "everything"), ContextKey: "everything"}
		called(t, node)
		for i := range 3 {
			if _, err := contextText(t.Context(), app, op); err != nil {
				t.Fatal(err)
			}
			if same := node.Eval(t, "TestApp.Gateway.same?()"); same != "true" {
				t.Errorf("operation %d has another context: %s", i, node.Eval(t, "TestApp.Gateway.build_context(%{\"reply\" => \"everything\"})"))
			}
		}
		if got := called(t, node); got != "1" {
			t.Errorf("built %s times for 3 operations of one identity", got)
		}
	})

	t.Run("each identity has its own", func(t *testing.T) {
		app := building(time.Hour)
		called(t, node)
		for range 3 {
			for _, who := range []string{"", "ada", "bob"} {
				got, err := contextText(t.Context(), app, rpcclient.Operation{Claims: claims("sub", who), ContextKey: who})
				if want := fmt.Sprintf(`%%{claims: %%{"sub" => %q}}`, who); err != nil || got != want {
					t.Errorf("%q: %s, %v, want %s", who, got, err, want)
				}
			}
		}
		if got := called(t, node); got != "3" {
			t.Errorf("built %s times for 3 identities", got)
		}
	})

	t.Run("not cached", func(t *testing.T) {
		for name, tt := range map[string]struct {
			keep time.Duration
			op   rpcclient.Operation
		}{
			"where it is not configured": {0, rpcclient.Operation{}},
			"longer than configured":     {time.Nanosecond, rpcclient.Operation{}},
			"longer than the identity":   {time.Hour, rpcclient.Operation{ContextExpires: time.Now()}},
			"if it is large":             {time.Hour, rpcclient.Operation{Claims: claims("reply", "large")}},
		} {
			app := building(tt.keep)
			called(t, node)
			for range 2 {
				if got, err := contextText(t.Context(), app, tt.op); err != nil || !strings.HasPrefix(got, "%{") {
					t.Errorf("%s: %.100s, %v", name, got, err)
				}
			}
			if got := called(t, node); got != "2" {
				t.Errorf("%s: built %s times for 2 operations", name, got)
			}
		}
	})

	t.Run("refused", func(t *testing.T) {
		app := building(time.Hour)
		for _, tt := range []struct {
			claims []byte
			want   rpcclient.ContextError
		}{
			{claims("reply", "error", "reason", "locked"), rpcclient.ContextError{Node: node.Name, Reason: `"locked"`}},
			{claims("reply", "error", "reason", "forbidden"), rpcclient.ContextError{Node: node.Name, Reason: `"forbidden"`}},
			{claims("reply", "forbidden"), rpcclient.ContextError{Node: node.Name, Reason: `:forbidden`, Forbidden: true}},
		} {
			called(t, node)
			for range 4 { // not a failure of the node, and not cached
				_, err := app.Run(t.Context(), rpcclient.Operation{Document: `mutation { append(id: "refused") }`, Claims: tt.claims})
				var refused *rpcclient.ContextError
				if !errors.As(err, &refused) || *refused != tt.want {
					t.Errorf("%v, want %v", err, &tt.want)
				}
			}
			if got := called(t, node); got != "4" {
				t.Errorf("asked %s times for 4 operations", got)
			}
		}
		if got := node.Appended(t); len(got) > 0 {
			t.Errorf("ran %v", got)
		}
	})

	t.Run("failed", func(t *testing.T) {
		app := building(time.Hour)
		const function = "TestApp.Gateway, :build_context, 1}, "
		for reply, want := range map[string]struct {
			class  string
			reason []string
		}{
			"raise":        {"error", []string{function, "a secret of the function", " at TestApp.Gateway.reply/2 (", "gateway.exs:"}},
			"throw":        {"throw", []string{function, ":ball"}},
			"exit":         {"exit", []string{function, ":leaving"}},
			"no such":      {"error", []string{function, ":function_clause", " at TestApp.Gateway.reply/2"}},
			"ok of no map": {"error", []string{"TestApp.Gateway.build_context returned {:ok, :nothing}"}},
		} {
			_, err := contextText(t.Context(), app, rpcclient.Operation{Claims: claims("reply", reply)})
			checkCallError(t, reply, err, want.class, want.reason...)
		}
		app = building(0)
		app.Config.ContextFrom = "TestApp.Nowhere.build_context"
		_, err := contextText(t.Context(), app, rpcclient.Operation{Claims: claims("password", "hunter2")})
		checkCallError(t, "missing", err, "error", "TestApp.Nowhere, :build_context, 1}, :undef", "at TestApp.Nowhere.build_context/1")
	})

	t.Run("failed afterwards", func(t *testing.T) {
		_, err := building(0).Run(t.Context(), rpcclient.Operation{Document: `{ raise(message: "no disk") }`})
		checkCallError(t, "resolver", err, "error", `"no disk"`, "TestApp.Fields.raise/1")
		if strings.Contains(err.Error(), "build_context") {
			t.Errorf("%v, for which the function is not to blame", err)
		}
	})

	t.Run("killed with its call", func(t *testing.T) {
		pid := outlived(t, node, func(ctx context.Context) (string, error) {
			return contextText(ctx, building(0), rpcclient.Operation{Claims: claims("reply", "sleep")})
		})
		if line := node.WaitOutput(t, "gone "+pid); line != "gone "+pid+" killed" {
			t.Errorf("%q, want it killed", line)
		}
	})

	t.Run("what a request has", func(t *testing.T) {
		op := rpcclient.Operation{
			Document:  `query Other { throw } query Q($t: String) { echoText(text: $t) }`,
			Variables: []byte(`{"t": "{value, 0, 1}"}`),
			Name:      "Q",
		}
		if !node.RealAbsinthe() { // the double runs a single operation
			op.Document = `query Q($t: String) { echoText(text: $t) }`
		}
		result, err := building(0).Run(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		got, err := result.Value.AppendJSON(nil)
		if err != nil || string(got) != `{"data":{"echoText":"{value, 0, 1}"}}` {
			t.Errorf("%s, %v", got, err)
		}
		op.Variables = []byte(`{"t"`)
		var syntax *etf.SyntaxError
		if _, err := building(0).Run(t.Context(), op); !errors.As(err, &syntax) {
			t.Errorf("%v, want a SyntaxError", err)
		}
	})

	// An atom is never freed.
	t.Run("no atom of a request", func(t *testing.T) {
		app := building(time.Hour)
		node.CheckNoAtoms(t, func(i int) {
			name := fmt.Sprintf("name_%d", i)
			op := rpcclient.Operation{Claims: claims(name, name, "sub", name), ContextKey: name}
			for range 2 {
				if _, err := contextText(t.Context(), app, op); err != nil {
					t.Error(err)
				}
			}
		})
	})
}

func checkCallError(t testing.TB, name string, err error, class string, reason ...string) {
	t.Helper()
	var failure *rpcclient.CallError
	if !errors.As(err, &failure) || failure.Class != class {
		t.Errorf("%s: %v, want a CallError of class %s", name, err, class)
		return
	}
	for _, part := range reason {
		if !strings.Contains(failure.Reason, part) {
			t.Errorf("%s: %v, want %s in it", name, err, part)
		}
	}
	if strings.Contains(failure.Reason, "hunter2") {
		t.Errorf("%s: a claim is in the error: %v", name, err)
	}
}

// A built context goes back to its node and to no other. A query that is lost while
// its context is built is retried on another node; a mutation is not.
func testContextStaysOnItsNode(t *testing.T, a, b *beamtest.Node, atA, atB rpcclient.NodeAddr) {
	gw := startGateway(t, patient)
	relay := newRelay(t, "a@relay", atA)
	pool := gw.pool(t, rpcclient.PoolConfig{}, relay.NodeAddr, atB)
	app := building(pool, time.Hour)
	only := func(node, other *beamtest.Node) {
		if !gw.SetDrained(node.Name, false) || !gw.SetDrained(other.Name, true) {
			t.Fatal("a node is not known")
		}
	}

	op := rpcclient.Operation{Claims: claims("sub", "42"), ContextKey: "42"}
	called(t, a)
	called(t, b)
	for range 2 {
		for _, order := range [][2]*beamtest.Node{{a, b}, {b, a}} {
			only(order[0], order[1])
			if got, err := contextText(t.Context(), app, op); err != nil || got != `%{claims: %{"sub" => "42"}}` {
				t.Errorf("on %s: %s, %v", order[0].Name, got, err)
			}
		}
	}
	for _, node := range []*beamtest.Node{a, b} {
		if got := called(t, node); got != "1" {
			t.Errorf("%s built it %s times for 2 operations there", node.Name, got)
		}
	}

	for idempotent, want := range map[bool]string{true: "1", false: "0"} {
		eventually(t, "a can be called", func() bool {
			return gw.SetDrained(a.Name, false) && gw.SetDrained(b.Name, false) && len(connectedNodes(pool)) == 2
		})
		gw.SetDrained(b.Name, true)
		relay.wire().down.frozen.Store(true) // a's answer does not arrive
		id := fmt.Sprintf("idempotent-%v", idempotent)
		call := async(func() (string, error) {
			result, err := building(pool, 0).Run(t.Context(), rpcclient.Operation{Document: fmt.Sprintf(`mutation { append(id: %q) }`, id), Idempotent: idempotent})
			if err != nil {
				return "", err
			}
			return result.Node, nil
		})
		eventually(t, "a has run it", func() bool { return slices.Contains(a.Appended(t), id) })
		gw.SetDrained(b.Name, false)
		relay.lose()
		if o := await(t, call); (o.value == b.Name) != idempotent || (o.err == nil) != idempotent {
			t.Errorf("idempotent %v: %+v", idempotent, o)
		}
		relay.refuse(false)
		if got := called(t, b); got != want {
			t.Errorf("idempotent %v: b built the context %s times, want %s", idempotent, got, want)
		}
	}
}
