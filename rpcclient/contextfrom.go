package rpcclient

import (
	"fmt"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A ContextError is the {:error, reason} of the application's ContextFrom function.
type ContextError struct {
	Node string
	// Reason is in Elixir's notation. It is for logs, not for clients.
	Reason string
	// Forbidden is true for the reason :forbidden.
	Forbidden bool
}

func (e *ContextError) Error() string {
	return fmt.Sprintf("context_from on %s returned {:error, %s}", e.Node, e.Reason)
}

// cachedUntil returns when a context that was requested at this time expires.
func (a *Absinthe) cachedUntil(requested, expires time.Time) time.Time {
	until := requested.Add(a.Config.ContextCache)
	if !expires.IsZero() && expires.Before(until) {
		return requested.Add(expires.Sub(requested)) // by the monotonic clock: the wall clock may step back
	}
	return until
}

// appendEvaluation appends the arguments of a call of erl_eval:expr/5, a part of
// stdlib. Everything of a request is a binding: a term, never code. The last argument
// leaves the bindings out of the result. expr/2 would check the expression each time.
func (a *Absinthe) appendEvaluation(b []byte, s setup, op Operation) ([]byte, error) {
	b = s.beginCall(b, &op, "erl_eval", "expr")
	b = append(etf.AppendList(b, 5), a.expression...)
	b = etf.AppendList(b, 5)
	b = appendBinding(b, "Claims")
	b = op.appendClaims(b)
	b = appendBinding(b, "Context")
	b = op.appendContext(b)
	b = appendBinding(b, "Document")
	b = etf.AppendBinary(b, op.Document)
	b = appendBinding(b, "Options")
	b, err := a.Config.appendOptions(b, op, 0)
	if err != nil {
		return b, err
	}
	b = appendBinding(etf.AppendNil(b), "Schema")
	b = etf.AppendNil(etf.AppendAtom(b, ModuleAtom(a.Config.Schema)))
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	b = etf.AppendNil(etf.AppendAtom(b, "value"))         // without the bindings
	return s.endCall(b), nil
}

// appendBinding appends the start of {Name, Value}.
func appendBinding(b []byte, name string) []byte { return etf.AppendAtom(etf.AppendTuple(b, 2), name) }

// unwrapEvaluation reduces the result to Absinthe's own, and returns the built context
// if the result has it. The context aliases the result.
func (a *Absinthe) unwrapEvaluation(result *Result) (built etf.Term, err error) {
	d := etf.NewDecoder(result.Value)
	arity, err := d.Tuple()
	if err != nil {
		return built, err
	}
	tag, err := d.Atom()
	if err != nil {
		return built, err
	}
	if tag == "returned" {
		return built, a.contextError(result.Node, d.Rest())
	}
	if result.Value, err = d.Term(); err == nil && arity == 3 {
		built, err = d.Term()
	}
	return built, err
}

// contextError is the error for anything other than a map.
func (a *Absinthe) contextError(node string, returned etf.Term) error {
	d := etf.NewDecoder(returned)
	if arity, err := d.Tuple(); err == nil && arity == 2 {
		if tag, err := d.Atom(); err == nil && tag == "error" {
			reason := d.Rest()
			atom, err := d.Atom()
			return &ContextError{Node: node, Reason: reason.String(), Forbidden: err == nil && atom == "forbidden"}
		}
	}
	return &CallError{Node: node, Class: "error", Reason: a.Config.ContextFrom + " returned " + returned.String()}
}

// appendClaims appends the claims, or an empty map.
func (op *Operation) appendClaims(b []byte) []byte {
	if len(op.Claims) == 0 {
		return etf.AppendMap(b, 0)
	}
	return append(b, op.Claims...)
}
