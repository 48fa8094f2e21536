package rpcclient

import (
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A ContextError says that the application's own function refused to build a
// context, by {:error, reason}.
type ContextError struct {
	Node string
	// Reason is in Elixir's notation. It is for logs, not for clients.
	Reason string
	// Forbidden is whether it is the atom :forbidden.
	Forbidden bool
}

func (e *ContextError) Error() string {
	return fmt.Sprintf("no context on %s, which answered {:error, %s}", e.Node, e.Reason)
}

// runFrom is Run where the application builds the context, or did a moment ago. Its
// function and Absinthe.run/3 are one call: one round trip, one process, one
// deadline.
func (a *Absinthe) runFrom(ctx context.Context, op Operation) (*Answer, error) {
	a.prepare()
	now := time.Now()
	if known := a.known(op.Identity, now); known != nil {
		var err error
		if op.Context, err = known.over(nil, op.Context); err != nil {
			return nil, err
		}
		return a.run(ctx, op)
	}
	answer, err := a.call(ctx, op, "erl_eval", "expr", (*Absinthe).appendEvaluation)
	if err != nil {
		return nil, err
	}
	built, err := a.evaluated(answer)
	if err == nil {
		if until := a.keptUntil(now, op.Expires); until.After(now) {
			a.keep(op.Identity, built, until)
		}
		err = answer.ok()
	}
	if err != nil {
		answer.Release()
		return nil, err
	}
	return answer, nil
}

// keptUntil is when a context that was asked for at this time is too old.
func (a *Absinthe) keptUntil(asked, expires time.Time) time.Time {
	until := asked.Add(a.Config.ContextCache)
	if !expires.IsZero() && expires.Before(until) {
		return expires
	}
	return until
}

// appendEvaluation appends the arguments of erl_eval:expr/5, which every release has
// as a part of stdlib. What a request brings is in the bindings, as terms and never
// as code; with the last argument they are no part of the answer. expr/2 would have
// the expression checked each time.
func (a *Absinthe) appendEvaluation(b []byte, op Operation) ([]byte, error) {
	b = append(etf.AppendList(b, 5), a.expression...)
	b = etf.AppendList(b, 5)
	b = appendBinding(b, "Claims")
	if len(op.Claims) == 0 {
		b = etf.AppendMap(b, 0)
	} else {
		b = append(b, op.Claims...)
	}
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
	b = etf.AppendNil(etf.AppendAtom(b, Module(a.Config.Schema)))
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // handlers of functions
	return etf.AppendNil(etf.AppendAtom(b, "value")), nil // without the bindings
}

// appendBinding appends the start of {Name, Value}.
func appendBinding(b []byte, name string) []byte { return etf.AppendAtom(etf.AppendTuple(b, 2), name) }

// evaluated makes the answer that of Absinthe, and returns the map that the
// application built, if it is part of the answer. It aliases the answer.
func (a *Absinthe) evaluated(answer *Answer) (built etf.Term, err error) {
	d := etf.NewDecoder(answer.Value)
	arity, err := d.Tuple()
	if err != nil {
		return built, err
	}
	tag, err := d.Atom()
	if err != nil {
		return built, err
	}
	if tag == "returned" {
		return built, a.refused(answer.Node, d.Rest())
	}
	if answer.Value, err = d.Term(); err == nil && arity == 3 {
		built, err = d.Term()
	}
	return built, err
}

// refused is the error of what the application's function returned instead of a map.
func (a *Absinthe) refused(node string, returned etf.Term) error {
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
