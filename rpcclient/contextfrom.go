package rpcclient

import (
	"context"
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

// runWithContextFrom is Run with ContextFrom. The function and Absinthe.run/3 are one
// call: one round trip, one process, one deadline.
func (a *Absinthe) runWithContextFrom(ctx context.Context, op Operation) (*Result, error) {
	a.prepare()
	c := contextCall{app: a, op: op, began: time.Now(), evaluation: buffers.Get().(*[]byte), run: buffers.Get().(*[]byte)}
	defer putBuffer(c.evaluation)
	defer putBuffer(c.run)
	var err error
	if *c.evaluation, err = a.appendEvaluation((*c.evaluation)[:0], op); err != nil {
		return nil, err
	}
	result, err := a.Pool.execute(ctx, &c, op.Idempotent, op.Filter, op.Observer)
	if err != nil {
		return nil, err
	}
	unwrapTrapping(result)
	if err := c.read(result); err != nil {
		result.Release()
		return nil, err
	}
	return result, nil
}

// A contextCall has different arguments for each node. A node with a cached context is
// sent that, another node builds one. A context goes to no other node than the one
// that built it: see docs/decisions/0014-untrusted-nodes.md.
type contextCall struct {
	app   *Absinthe
	op    Operation
	began time.Time
	// evaluation holds the arguments that build a context, run those with the cached
	// one.
	evaluation, run *[]byte
	key             contextKey
	cached          *builtContext // nil: the node builds it
}

func (c *contextCall) forConn(conn *liveConn) []byte {
	c.key = contextKey{conn.id, c.op.ContextKey}
	if c.cached = c.app.cachedContext(c.key, c.began); c.cached == nil {
		return *c.evaluation
	}
	op := c.op
	var err error
	if op.Context, err = c.cached.appendMerged(nil, op.Context); err == nil {
		*c.run, err = c.app.appendRun((*c.run)[:0], op)
	}
	if err != nil { // cannot happen: evaluation has encoded the same variables
		c.cached = nil
		return *c.evaluation
	}
	return *c.run
}

// read unwraps Absinthe's own result and caches the built context.
func (c *contextCall) read(result *Result) error {
	if c.cached != nil {
		return result.unwrapOK()
	}
	built, err := c.app.unwrapEvaluation(result)
	if err != nil {
		return err
	}
	if until := c.app.cachedUntil(c.began, c.op.ContextExpires); until.After(c.began) {
		c.app.cacheContext(c.key, built, until)
	}
	return result.unwrapOK()
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
func (a *Absinthe) appendEvaluation(b []byte, op Operation) ([]byte, error) {
	b = beginTrappingCall(b, "erl_eval", "expr")
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
	b = etf.AppendNil(etf.AppendAtom(b, ModuleAtom(a.Config.Schema)))
	b = etf.AppendAtom(etf.AppendAtom(b, "none"), "none") // no function handlers
	b = etf.AppendNil(etf.AppendAtom(b, "value"))         // without the bindings
	return endTrappingCall(b), nil
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
