// Package demo is the application behind `louche demo`: a small procurement
// domain that answers like an Elixir application with Absinthe on its code
// path, so that the gateway can be tried, and tested end to end, where no BEAM
// is installed. What it answers are Erlang terms of exactly the shape that
// Absinthe gives them.
//
// It is a demonstration and must stay one: nothing outside the demo command and
// tests imports it, `louche serve` least of all, and no production code may
// come to depend on what it does.
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

const schemaModule = "Elixir." + Schema

// otpRelease is what the nodes say of themselves: the release whose behaviour
// on the wire they follow.
const otpRelease = "27"

// maxDepth bounds how deep the fields of a document nest. The domain has cycles
// (a supplier's parts have a supplier), which would otherwise let a short
// document ask for an answer that fills the memory of the gateway beside it.
// The deepest introspection query that tools send has this depth.
const maxDepth = 15

//go:embed schema.graphql
var sdl string

// Backend is the demo application: its data and its schema. It is safe for
// concurrent use. The nodes of one process share one Backend, so that what a
// mutation changes on one of them is seen on all.
type Backend struct {
	schema *graphql.Schema
}

// NewBackend returns an application with the data that it is shipped with, the
// same every time.
func NewBackend() *Backend {
	return &Backend{schema: graphql.MustParseSchema(sdl, &root{store: loadStore()},
		graphql.UseStringDescriptions(), graphql.UseFieldResolvers(), graphql.MaxDepth(maxDepth))}
}

type nodeKey struct{}

// WithNode returns a context for [Backend.Apply] which says that the node called
// name runs the call. The field `backend` answers with that name.
func WithNode(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, nodeKey{}, name)
}

// An mfa names a function as Erlang does.
type mfa struct {
	module, function string
	arity            int
}

// Apply does what erlang:apply/3 does on a BEAM node, for the functions that
// the gateway calls:
//
//   - 'Elixir.Absinthe':run/3
//   - 'Elixir.Absinthe.Schema':to_sdl/1
//   - code:ensure_loaded/1
//   - 'Elixir.System':otp_release/0
//
// Every other function is undefined, and raises undef. Args is the list of
// arguments; it is not kept after Apply has returned.
//
// The process that runs the call lives as long as ctx. When ctx ends first, it
// has been killed: there is no outcome, and the error is the cause of ctx.
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
		return returned(etf.AppendBinary(nil, otpRelease)), nil
	}
	return raised("undef", f), nil
}

func toSDL(f mfa, schema etf.Term) Outcome {
	switch module, err := atom(schema); {
	case err != nil:
		return raised("badarg", f)
	case module != schemaModule:
		return raised("undef", mfa{module, "__absinthe_prototype_schema__", 0})
	}
	return returned(etf.AppendBinary(nil, sdl))
}

func ensureLoaded(f mfa, arg etf.Term) Outcome {
	module, err := atom(arg)
	if err != nil {
		return raised("function_clause", f)
	}
	value := etf.AppendTuple(nil, 2)
	switch module {
	case "Elixir.Absinthe", "Elixir.Absinthe.Schema", schemaModule:
		value = etf.AppendAtom(value, "module")
		value = etf.AppendAtom(value, module)
	default:
		value = etf.AppendAtom(value, "error")
		value = etf.AppendAtom(value, "nofile")
	}
	return returned(value)
}
