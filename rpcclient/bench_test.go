package rpcclient_test

import (
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/test/beamtest"
)

// BenchmarkContextFrom measures ContextFrom, one operation after another: in the call
// of Absinthe, in a separate call before it, and cached.
func BenchmarkContextFrom(b *testing.B) {
	_, target := startApp(b, beamtest.Options{Args: []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}})
	pool := startGateway(b, nil).pool(b, rpcclient.PoolConfig{}, target)
	op := rpcclient.Operation{
		Document: `{ session { user { id name email } } }`,
		Context:  etf.AppendInt(etf.AppendAtom(etf.AppendMap(nil, 1), "current_user_id"), 42),
		Claims:   claims("iss", "https://id.example.com/", "sub", "42", "scope", "read write"),
	}
	app := func(function string, keep time.Duration) *rpcclient.Absinthe {
		return &rpcclient.Absinthe{Pool: pool, Config: rpcclient.AbsintheConfig{
			Schema: "TestApp.Schema", ContextFrom: function, ContextCache: keep,
		}}
	}
	const function = "TestApp.Gateway.user"
	for _, bb := range []struct {
		name   string
		app    *rpcclient.Absinthe
		before bool
	}{
		{"configured", app("", 0), false},
		{"one-call", app(function, 0), false},
		{"two-calls", app("", 0), true},
		{"cached", app(function, time.Hour), false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if bb.before {
					result, err := pool.Call(b.Context(), "Elixir.TestApp.Gateway", "user", list(op.Claims))
					if err != nil {
						b.Fatal(err)
					}
					result.Release()
				}
				result, err := bb.app.Run(b.Context(), op)
				if err != nil {
					b.Fatal(err)
				}
				result.Release()
			}
		})
	}
}
