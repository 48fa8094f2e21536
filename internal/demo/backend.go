// Package demo is the application behind `louche demo`: a small procurement
// domain that behaves like an Elixir application with Absinthe. It serves to try
// the gateway, and to test it end to end, without a BEAM. Its results are Erlang
// terms of exactly the shape that Absinthe returns.
//
// Only the demo command and tests may import the package. No production code,
// above all not `louche serve`, may depend on it.
package demo

import (
	"context"
	_ "embed"

	"github.com/graph-gophers/graphql-go"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Schema is the Absinthe schema module of the application, as Elixir writes it.
// On the wire it is the atom Elixir.Gearbox.Schema.
const Schema = "Gearbox.Schema"

// PubSub is the module through which mutations reach subscribers, as Elixir writes it.
const PubSub = "Gearbox.PubSub"

const schemaModule = "Elixir." + Schema

// otpRelease is the OTP release that the nodes report, and whose behaviour on
// the wire they implement.
const otpRelease = "27"

// maxDepth is the maximum depth of a document. The domain has cycles (a
// supplier's parts have a supplier). Without a maximum, the result of a short
// document could fill the memory of the gateway in the same process. The deepest
// introspection query of common tools has this depth.
const maxDepth = 15

//go:embed schema.graphql
var sdl string

// Backend is the demo application: its data and its schema. It is safe for
// concurrent use. The nodes of one process share one Backend, so a mutation on
// one node is visible on all.
type Backend struct {
	schema *graphql.Schema
}

// NewBackend returns an application with the seed data.
func NewBackend() *Backend {
	return &Backend{schema: graphql.MustParseSchema(sdl, &root{store: loadStore()},
		graphql.UseStringDescriptions(), graphql.UseFieldResolvers(), graphql.MaxDepth(maxDepth))}
}

type nodeKey struct{}

// WithNode returns a context for [Backend.Apply] with the name of the node that
// runs the call. The field `backend` returns the name.
func WithNode(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, nodeKey{}, name)
}

// An mfa is a module, function and arity.
type mfa struct {
	module, function string
	arity            int
}

// Apply is erlang:apply/3 for the functions that the gateway calls:
//
//   - 'Elixir.Absinthe':run/3
//   - 'Elixir.Absinthe.Schema':to_sdl/1
//   - code:ensure_loaded/1
//   - 'Elixir.System':otp_release/0
//
// Any other function raises undef. args is the list of arguments. Apply does not
// retain it.
//
// The end of ctx kills the process that runs the call. There is then no outcome,
// and the error is the cause of ctx.
func (b *Backend) Apply(ctx context.Context, module, function string, args etf.Term) (Outcome, error) {
	list, err := properList(args)
	if err != nil {
		return raised("badarg", mfa{"erlang", "apply", 3}), nil
	}
	f := mfa{module, function, len(list)}
	switch f {
	case mfa{"Elixir.Absinthe", "run", 3}:
		return b.run(ctx, f, list[0], list[1], list[2])
	case mfa{"Elixir.Absinthe.Schema", "to_sdl", 1}:
		return toSDL(f, list[0]), nil
	case mfa{"code", "ensure_loaded", 1}:
		return ensureLoaded(f, list[0]), nil
	case mfa{"Elixir.System", "otp_release", 0}:
		return returned(otpRelease), nil
	}
	return raised("undef", f), nil
}

func toSDL(f mfa, schema etf.Term) Outcome {
	switch module, err := atomOf(schema); {
	case err != nil:
		return raised("badarg", f)
	case module != schemaModule:
		return raised("undef", mfa{module, "__absinthe_prototype_schema__", 0})
	}
	return returned(sdl)
}

func ensureLoaded(f mfa, arg etf.Term) Outcome {
	module, err := atomOf(arg)
	if err != nil {
		return raised("function_clause", f)
	}
	switch module {
	case "Elixir.Absinthe", "Elixir.Absinthe.Schema", schemaModule:
		return returned(tuple{atom("module"), atom(module)})
	}
	return returned(tuple{atom("error"), atom("nofile")})
}
