package rpcclient

import (
	"context"
	"slices"
	"strings"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// schemaProvider is a function, without arguments, that use Absinthe.Schema defines.
const schemaProvider = "__absinthe_schema_provider__"

// maxSchemaModules bounds the names taken from a node.
const maxSchemaModules = 100

// SchemaModules returns the Absinthe schemas on a node, as suggestions for a
// configured one that is missing. It finds modules that are loaded, and others whose
// names end in Schema, as in development. It loads none.
func SchemaModules(ctx context.Context, node NodeCaller) ([]string, error) {
	args := etf.AppendList(nil, 5)
	args = append(args, schemaModulesExpression()...)
	args = etf.AppendNil(args) // no bindings
	args = etf.AppendAtom(etf.AppendAtom(args, "none"), "none")
	args = etf.AppendNil(etf.AppendAtom(args, "value"))
	result, err := node.Call(ctx, "erl_eval", "expr", args)
	if err != nil {
		return nil, err
	}
	defer result.Release()
	d := etf.NewDecoder(result.Value)
	n, err := d.List()
	if err != nil {
		return nil, err
	}
	var names []string
	for range min(n, maxSchemaModules) {
		name, err := d.Binary()
		if err != nil {
			return nil, err
		}
		module := strings.TrimPrefix(string(name), elixirPrefix)
		if moduleName.MatchString(module) && !strings.HasPrefix(module, "Absinthe.") { // Absinthe's own prototype
			names = append(names, module)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// schemaModulesExpression is
//
//	[erlang:atom_to_binary(Module, utf8) || {Module, _} <- code:all_loaded(),
//	    erlang:function_exported(Module, '__absinthe_schema_provider__', 0)]
//	++
//	[erlang:list_to_binary(Name) || {Name, File, false} <- code:all_available(),
//	    lists:suffix("Schema", Name),
//	    {ok, {_, [{exports, Exports}]}} <- [beam_lib:chunks(File, [exports])],
//	    lists:member({'__absinthe_schema_provider__', 0}, Exports)]
func schemaModulesExpression() []byte {
	zero := form("integer", etf.AppendInt(nil, 0))
	module, name, file, exports := variableForm("Module"), variableForm("Name"), variableForm("File"), variableForm("Exports")
	loaded := form("lc", callForm(atomForm("erlang"), atomForm("atom_to_binary"), module, atomForm("utf8")), forms(
		generateForm(tupleForm(module, variableForm("_")), callForm(atomForm("code"), atomForm("all_loaded"))),
		callForm(atomForm("erlang"), atomForm("function_exported"), module, atomForm(schemaProvider), zero),
	))
	available := form("lc", callForm(atomForm("erlang"), atomForm("list_to_binary"), name), forms(
		generateForm(tupleForm(name, file, atomForm("false")), callForm(atomForm("code"), atomForm("all_available"))),
		callForm(atomForm("lists"), atomForm("suffix"), stringForm("Schema"), name),
		generateForm(
			tupleForm(atomForm("ok"), tupleForm(variableForm("_"), listForm(tupleForm(atomForm("exports"), exports)))),
			listForm(callForm(atomForm("beam_lib"), atomForm("chunks"), file, listForm(atomForm("exports")))),
		),
		callForm(atomForm("lists"), atomForm("member"), tupleForm(atomForm(schemaProvider), zero), exports),
	))
	return callForm(atomForm("erlang"), atomForm("++"), loaded, available)
}

func generateForm(pattern, list []byte) []byte { return form("generate", pattern, list) }

func listForm(element []byte) []byte {
	return form("cons", element, form("nil"))
}

func stringForm(text string) []byte {
	b := etf.AppendList(nil, len(text))
	for _, c := range []byte(text) {
		b = etf.AppendInt(b, int64(c))
	}
	return form("string", etf.AppendNil(b))
}
