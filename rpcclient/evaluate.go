package rpcclient

import (
	"context"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A binding is a variable of expressions with its encoded value.
type binding struct {
	name  string
	value []byte
}

// evaluate evaluates Erlang expressions on the node, by erl_eval, and returns the value of
// the last one. It installs nothing. The words of the expressions become atoms of the node
// once: text is part of this program.
//
//	element(2, erl_eval:exprs(
//		element(2, erl_parse:parse_exprs(element(2, erl_scan:string(binary_to_list(Text))))),
//		Bindings))
func (c *liveConn) evaluate(ctx context.Context, text string, bindings ...binding) (*Result, error) {
	second := func(tuple []byte) []byte {
		return callForm(atomForm("erlang"), atomForm("element"), form("integer", etf.AppendInt(nil, 2)), tuple)
	}
	characters := callForm(atomForm("erlang"), atomForm("binary_to_list"), variableForm("Text"))
	tokens := second(callForm(atomForm("erl_scan"), atomForm("string"), characters))
	expressions := second(callForm(atomForm("erl_parse"), atomForm("parse_exprs"), tokens))
	b := etf.AppendList(nil, 5)
	b = append(b, second(callForm(atomForm("erl_eval"), atomForm("exprs"), expressions, variableForm("Bindings")))...)
	b = etf.AppendBinary(appendBinding(etf.AppendList(b, 2), "Text"), text)
	b = appendBinding(b, "Bindings")
	if len(bindings) > 0 {
		b = etf.AppendList(b, len(bindings))
	}
	for _, bound := range bindings {
		b = append(appendBinding(b, bound.name), bound.value...)
	}
	b = etf.AppendNil(etf.AppendNil(b))
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	b = etf.AppendNil(etf.AppendAtom(b, "value"))         // without the bindings
	return c.Call(ctx, "erl_eval", "expr", b)
}
