package rpcclient

import (
	"regexp"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

var functionName = regexp.MustCompile(`^[a-z_][A-Za-z0-9_]*[?!]?$`)

func (c *AbsintheConfig) validateContextFrom() error {
	switch {
	case c.ContextCache < 0:
		return keypath.Errorf("context_cache", "is negative; write a duration such as 30s")
	case c.ContextFrom == "" && c.ContextCache > 0:
		return keypath.Errorf("context_cache", "needs context_from, whose results it caches")
	case c.ContextFrom == "":
		return nil
	case !isFunction(c.ContextFrom):
		return keypath.Errorf("context_from", "is not a function such as MyApp.Gateway.build_context")
	}
	return nil
}

// contextFunction splits ContextFrom into module and function.
func (c *AbsintheConfig) contextFunction() (module, function string) {
	return splitFunction(c.ContextFrom)
}

// contextExpression builds the context and runs Absinthe, from bindings:
//
//	case
//	    try Module:Function(Claims) of
//	        {ok, Ok} when is_map(Ok) -> Ok;
//	        Returned -> Returned
//	    catch
//	        Class:Reason:Stack -> erlang:raise(Class, {{Module, Function, 1}, Reason}, Stack)
//	    end
//	of
//	    Built when is_map(Built) ->
//	        {run, 'Elixir.Absinthe':run(Document, Schema, [{context, maps:merge(Context, Built)} | Options]), Built};
//	    Other ->
//	        {returned, Other}
//	end
//
// Built is part of the value only if it is cached, since sending it costs.
func (c *AbsintheConfig) contextExpression() []byte {
	module, function := c.contextFunction()
	m, f := atomForm(ModuleAtom(module)), atomForm(function)
	try := form("try",
		forms(callForm(m, f, variableForm("Claims"))),
		forms(
			clauseForm(tupleForm(atomForm("ok"), variableForm("Ok")), isMapForm("Ok"), variableForm("Ok")),
			clauseForm(variableForm("Returned"), forms(), variableForm("Returned")),
		),
		forms(clauseForm(tupleForm(variableForm("Class"), variableForm("Reason"), variableForm("Stack")), forms(),
			callForm(atomForm("erlang"), atomForm("raise"),
				variableForm("Class"),
				tupleForm(tupleForm(m, f, form("integer", etf.AppendInt(nil, 1))), variableForm("Reason")),
				variableForm("Stack")))),
		forms(),
	)
	merged := callForm(atomForm("maps"), atomForm("merge"), variableForm("Context"), variableForm("Built"))
	result := [][]byte{atomForm("run"), callForm(atomForm("Elixir.Absinthe"), atomForm("run"),
		variableForm("Document"), variableForm("Schema"),
		form("cons", tupleForm(atomForm("context"), merged), variableForm("Options")))}
	if c.ContextCache > 0 {
		result = append(result, variableForm("Built"))
	}
	return form("case", try, forms(
		clauseForm(variableForm("Built"), isMapForm("Built"), tupleForm(result...)),
		clauseForm(variableForm("Other"), forms(), tupleForm(atomForm("returned"), variableForm("Other"))),
	))
}

// The functions below encode Erlang's abstract format:
// https://www.erlang.org/doc/apps/erts/absform.html

// form is {Kind, Line, Parts...}, with line 0.
func form(kind string, parts ...[]byte) []byte {
	b := etf.AppendInt(etf.AppendAtom(etf.AppendTuple(nil, 2+len(parts)), kind), 0)
	for _, part := range parts {
		b = append(b, part...)
	}
	return b
}

// forms is a list of forms.
func forms(elements ...[]byte) []byte {
	b := etf.AppendList(nil, len(elements))
	for _, e := range elements {
		b = append(b, e...)
	}
	return etf.AppendNil(b)
}

func atomForm(name string) []byte         { return form("atom", etf.AppendAtom(nil, name)) }
func variableForm(name string) []byte     { return form("var", etf.AppendAtom(nil, name)) }
func tupleForm(elements ...[]byte) []byte { return form("tuple", forms(elements...)) }
func callForm(m, f []byte, args ...[]byte) []byte {
	return form("call", form("remote", m, f), forms(args...))
}

func clauseForm(pattern, guards, body []byte) []byte {
	return form("clause", forms(pattern), guards, forms(body))
}

// isMapForm is the guard is_map(Name).
func isMapForm(name string) []byte {
	return forms(forms(callForm(atomForm("erlang"), atomForm("is_map"), variableForm(name))))
}
