package demo_test

import (
	"os"
	"testing"

	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestApply(t *testing.T) {
	sdl, err := os.ReadFile("schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	var (
		atom   = func(name string) []byte { return etf.AppendAtom(nil, name) }
		schema = atom("Elixir." + demo.Schema)
		doc    = etf.AppendBinary(nil, `{ backend }`)
		none   = list().Bytes
		option = func(key string, value []byte) []byte { return list(append(pair(key), value...)).Bytes }
	)
	for name, tc := range map[string]struct {
		module, function string
		args             etf.Term
		class            demo.Class
		value            string // Elixir notation
		stack            string
	}{
		"sdl":                   {"Elixir.Absinthe.Schema", "to_sdl", list(schema), demo.Return, string(etf.AppendBinary(nil, sdl)), ""},
		"sdl of another schema": {"Elixir.Absinthe.Schema", "to_sdl", list(atom("Elixir.My.Schema")), demo.Error, `:undef`, `[{My.Schema, :__absinthe_prototype_schema__, 0, []}]`},
		"sdl of no module":      {"Elixir.Absinthe.Schema", "to_sdl", list(doc), demo.Error, `:badarg`, `[{Absinthe.Schema, :to_sdl, 1, []}]`},

		"schema module":  {"code", "ensure_loaded", list(schema), demo.Return, `{:module, Gearbox.Schema}`, ""},
		"absinthe":       {"code", "ensure_loaded", list(atom("Elixir.Absinthe")), demo.Return, `{:module, Absinthe}`, ""},
		"unknown module": {"code", "ensure_loaded", list(atom("Elixir.Plug")), demo.Return, `{:error, :nofile}`, ""},
		"no module":      {"code", "ensure_loaded", list(doc), demo.Error, `:function_clause`, `[{:code, :ensure_loaded, 1, []}]`},

		"release": {"Elixir.System", "otp_release", list(), demo.Return, `"27"`, ""},

		"undefined function": {"os", "cmd", list(doc), demo.Error, `:undef`, `[{:os, :cmd, 1, []}]`},
		"undefined arity":    {"Elixir.Absinthe", "run", list(doc), demo.Error, `:undef`, `[{Absinthe, :run, 1, []}]`},
		"no arguments":       {"Elixir.Absinthe", "run", list(), demo.Error, `:undef`, `[{Absinthe, :run, 0, []}]`},

		"arguments no list":          {"Elixir.Absinthe", "run", etf.Term{Bytes: doc}, demo.Error, `:badarg`, `[{:erlang, :apply, 3, []}]`},
		"arguments an improper list": {"Elixir.Absinthe", "run", etf.Term{Bytes: append(append(etf.AppendList(nil, 1), doc...), doc...)}, demo.Error, `:badarg`, `[{:erlang, :apply, 3, []}]`},
		"arguments cut short":        {"Elixir.Absinthe", "run", etf.Term{Bytes: append(etf.AppendList(nil, 2), doc...)}, demo.Error, `:badarg`, `[{:erlang, :apply, 3, []}]`},

		"document no binary":       {"Elixir.Absinthe", "run", list(schema, schema, none), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"schema no atom":           {"Elixir.Absinthe", "run", list(doc, doc, none), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"another schema":           {"Elixir.Absinthe", "run", list(doc, atom("Elixir.My.Schema"), none), demo.Error, `:undef`, `[{My.Schema, :context, 1, []}]`},
		"options no list":          {"Elixir.Absinthe", "run", list(doc, schema, doc), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"option no pair":           {"Elixir.Absinthe", "run", list(doc, schema, list(doc).Bytes), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"option a triple":          {"Elixir.Absinthe", "run", list(doc, schema, list(etf.AppendInt(etf.AppendInt(etf.AppendAtom(etf.AppendTuple(nil, 3), "x"), 1), 2)).Bytes), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"variables no map":         {"Elixir.Absinthe", "run", list(doc, schema, option("variables", doc)), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"variables without JSON":   {"Elixir.Absinthe", "run", list(doc, schema, option("variables", etf.AppendTuple(nil, 0))), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"context no map":           {"Elixir.Absinthe", "run", list(doc, schema, option("context", doc)), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
		"operation name no binary": {"Elixir.Absinthe", "run", list(doc, schema, option("operation_name", schema)), demo.Error, `:function_clause`, `[{Absinthe, :run, 3, []}]`},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, err := demo.NewBackend().Apply(t.Context(), tc.module, tc.function, tc.args)
			if err != nil {
				t.Fatal(err)
			}
			value, stack := notation(outcome.Value), notation(outcome.Stack)
			if name == "sdl" {
				value = string(outcome.Value)
			}
			if outcome.Class != tc.class || value != tc.value || stack != tc.stack {
				t.Errorf("%s %s %s\nwant %s %s %s", outcome.Class, value, stack, tc.class, tc.value, tc.stack)
			}
		})
	}
}

func notation(term []byte) string {
	if term == nil {
		return ""
	}
	return etf.Term{Bytes: term}.String()
}

// The reasons are those of erpc:execute_call/4.
func TestAppendReason(t *testing.T) {
	ref := etf.Ref{Node: "louche@127.0.0.1", Creation: 7, Len: 2, IDs: [5]uint32{1, 2}}
	for name, tc := range map[string]struct {
		demo.Outcome
		class string
		rest  []string
	}{
		"return": {demo.Outcome{Class: demo.Return, Value: etf.AppendInt(nil, 1)}, "return", []string{"1"}},
		"error":  {demo.Outcome{Class: demo.Error, Value: etf.AppendAtom(nil, "undef"), Stack: etf.AppendNil(nil)}, "error", []string{":undef", "[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := etf.NewDecoder(etf.Term{Bytes: tc.AppendReason(nil, ref)})
			if arity, err := d.Tuple(); err != nil || arity != 2+len(tc.rest) {
				t.Fatalf("arity %d, error %v", arity, err)
			}
			if r, err := d.Ref(); err != nil || r != ref {
				t.Errorf("ref %v, error %v", r, err)
			}
			if class, err := d.Atom(); err != nil || class != tc.class {
				t.Errorf("class %q, error %v", class, err)
			}
			for _, want := range tc.rest {
				if term, err := d.Term(); err != nil || term.String() != want {
					t.Errorf("term %v, error %v; want %s", term, err, want)
				}
			}
			if rest := d.Rest().Bytes; len(rest) != 0 {
				t.Errorf("%d bytes too many", len(rest))
			}
		})
	}
}

// Arguments come from another node. Any arguments yield one complete outcome.
func FuzzApply(f *testing.F) {
	schema := etf.AppendAtom(nil, "Elixir."+demo.Schema)
	f.Add(request{document: `{ session { user { id } context } }`, variables: `{"a":[1,2.5,null]}`, context: asUser(42)}.args(f).Bytes)
	f.Add(list(schema).Bytes)
	f.Add([]byte{byte(etf.TagString), 0, 3, 1, 2, 3})
	functions := [][2]string{{"Elixir.Absinthe", "run"}, {"Elixir.Absinthe.Schema", "to_sdl"}, {"code", "ensure_loaded"}, {"Elixir.System", "otp_release"}}
	b := demo.NewBackend()
	f.Fuzz(func(t *testing.T, args []byte) {
		for _, function := range functions {
			outcome, err := b.Apply(t.Context(), function[0], function[1], etf.Term{Bytes: args})
			if err != nil {
				t.Fatal(err)
			}
			d := etf.NewDecoder(etf.Term{Bytes: append(outcome.Value, outcome.Stack...)})
			if err := d.Skip(); err != nil {
				t.Fatal(err)
			}
			if outcome.Class == demo.Error {
				if err := d.Skip(); err != nil {
					t.Fatal(err)
				}
			}
			if rest := d.Rest().Bytes; len(rest) != 0 {
				t.Fatalf("%d bytes too many", len(rest))
			}
		}
	})
}
