package rpcclient

import (
	"cmp"
	"context"
	"time"

	"github.com/louche-graphql/louche/rpcclient/agent"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// An operationCall has different arguments for each node. Its agent runs the operation, or
// Absinthe itself does. It builds the context, or it gets the one that it has built before,
// and no other node has: see docs/decisions/0014-untrusted-nodes.md.
type operationCall struct {
	app             *Absinthe
	op              Operation
	began           time.Time
	variables, args *[]byte

	// What the latest arguments have.
	agent  *nodeAgent // nil: Absinthe itself
	known  bool       // the agent needs no text
	setup  setup
	key    contextKey
	cached *builtContext // nil: no cached context
}

// runByNode is Run for operations whose arguments depend on the node. ContextFrom and
// Absinthe.run/3 are one call: one round trip, one process, one deadline.
func (a *Absinthe) runByNode(ctx context.Context, op Operation) (*Result, error) {
	if a.Config.ContextFrom != "" {
		a.initContexts()
	}
	if a.Config.Prepares() {
		op.hashDocument()
	}
	c := operationCall{app: a, op: op, began: time.Now(), variables: buffers.Get().(*[]byte), args: buffers.Get().(*[]byte)}
	defer putBuffer(c.variables)
	defer putBuffer(c.args)
	var err error
	if *c.variables, err = op.appendVariables((*c.variables)[:0]); err != nil {
		return nil, err
	}
	c.op.encodedVariables = *c.variables
	result, err := a.Pool.execute(ctx, &c, op.Idempotent, op.Filter, op.Observer)
	if err != nil {
		return nil, err
	}
	if err := c.read(result); err != nil {
		result.Release()
		return nil, err
	}
	return result, nil
}

func (c *operationCall) forNode(s *slot) []byte {
	op := c.op
	c.cached = nil
	if c.app.Config.ContextFrom != "" {
		c.key = contextKey{s.conn.id, op.ContextKey}
		if cached := c.app.cachedContext(c.key, c.began); cached != nil {
			if merged, err := cached.appendMerged(nil, op.Context); err == nil {
				op.Context, c.cached = merged, cached
			}
		}
	}
	if c.app.Config.NeedsAgent() {
		c.agent = cmp.Or(s.agentOn(s.conn), newNodeAgent(s.conn)) // it may just have been removed
	} else {
		c.agent = s.preparingAgent(s.conn)
	}
	c.known = c.agent != nil && c.agent.has(&op)
	c.setPrepared(c.known)
	c.setup = c.app.setupOf(&op, s.conn)
	// Errors concern the variables, which are encoded.
	switch {
	case c.app.Config.NeedsAgent():
		*c.args = c.appendServe((*c.args)[:0], op)
	case c.agent != nil:
		*c.args, _ = c.appendPrepared((*c.args)[:0], op)
	case c.buildsContext():
		*c.args, _ = c.app.appendEvaluation((*c.args)[:0], c.setup, op)
	default:
		*c.args, _ = c.app.appendRun((*c.args)[:0], c.setup, op)
	}
	return *c.args
}

func (c *operationCall) setPrepared(prepared bool) {
	if c.op.Observer != nil {
		c.op.Observer.SetPrepared(prepared)
	}
}

// buildsContext reports whether the node builds the context.
func (c *operationCall) buildsContext() bool {
	return c.app.Config.ContextFrom != "" && c.cached == nil
}

// appendPrepared appends the arguments of run/6 of the agent:
//
//	[Hash, Document | known, Schema, Options, Context, Setup]
func (c *operationCall) appendPrepared(b []byte, op Operation) ([]byte, error) {
	b = etf.AppendList(beginCall(b, agent.Module, "run"), 6)
	b = etf.AppendBinary(b, op.Hash[:])
	b = c.appendDocument(b, op)
	b, err := c.app.Config.appendOptions(etf.AppendAtom(b, ModuleAtom(c.app.Config.Schema)), op, 0)
	if err != nil {
		return b, err
	}
	b = etf.AppendNil(b)
	if c.buildsContext() {
		b = c.app.Config.appendFrom(b, &op, c.app.Config.ContextCache > 0)
	} else {
		b = op.appendContext(etf.AppendAtom(etf.AppendTuple(b, 2), "map"))
	}
	b = (c.setup &^ trapExits).appendFunctions(b, &op)
	return endCall(etf.AppendNil(b)), nil
}

// appendDocument appends the text, or known.
func (c *operationCall) appendDocument(b []byte, op Operation) []byte {
	if c.known {
		return etf.AppendAtom(b, "known")
	}
	return etf.AppendBinary(b, op.Document)
}

// repeats is true if the agent does not know the document, or is no more on the node. Then
// nothing has run, so mutations are repeated, too.
func (c *operationCall) repeats(_ *slot, result *Result, err error) bool {
	switch {
	case c.agent == nil:
		return false
	case isRemoved(err):
		c.agent.remove("the node has removed the agent")
		return !c.app.Config.NeedsAgent()
	case err != nil:
		return false
	}
	d := etf.NewDecoder(result.Value)
	if tag, err := d.Tag(); err != nil || tag == etf.TagSmallTuple { // {Kept, Value}
		return false
	}
	c.agent.setKept(&c.op, false)
	result.Release()
	return true
}

// read unwraps the result of Absinthe, and caches a built context.
func (c *operationCall) read(result *Result) error {
	if c.agent == nil {
		result.Value = c.setup.value(result.Value)
	} else if err := c.unwrapPrepared(result); err != nil {
		return err
	}
	var built etf.Term
	var err error
	switch {
	case c.app.Config.NeedsAgent():
		built, err = c.app.unwrapServe(result)
	case c.buildsContext():
		built, err = c.app.unwrapEvaluation(result)
	}
	if err != nil {
		return err
	}
	if !c.buildsContext() {
		return result.unwrapOK()
	}
	if until := c.app.cachedUntil(c.began, c.op.ContextExpires); until.After(c.began) {
		c.app.cacheContext(c.key, built, until)
	}
	return result.unwrapOK()
}

// unwrapPrepared reduces {Kept, Value} to Value.
func (c *operationCall) unwrapPrepared(result *Result) error {
	d := etf.NewDecoder(result.Value)
	if _, err := d.Tuple(); err != nil {
		return err
	}
	kept, err := d.Atom()
	if err != nil {
		return err
	}
	c.agent.setKept(&c.op, kept == "true")
	c.setPrepared(kept == "true")
	if kept == "true" {
		c.app.Pool.counts.Prepared.Add(1)
	}
	result.Value = d.Rest()
	return nil
}
