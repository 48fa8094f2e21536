// Package absinthe is the upstream that runs operations with Absinthe on BEAM nodes. It
// translates between the engine and package rpcclient, whose terms and errors it alone
// knows. It must never know HTTP.
package absinthe

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

// An Upstream runs operations on the nodes of a pool.
type Upstream struct {
	absinthe     *rpcclient.Absinthe
	exposeErrors bool
}

// NewUpstream returns an Upstream. exposeErrors shows clients why an operation failed.
func NewUpstream(a *rpcclient.Absinthe, exposeErrors bool) *Upstream {
	return &Upstream{a, exposeErrors}
}

// NeedsClaims implements [engine.Upstream].
func (u *Upstream) NeedsClaims() bool { return u.absinthe.Config.ContextFrom != "" }

// TimeoutCause implements [engine.Upstream].
func (u *Upstream) TimeoutCause() error { return rpcclient.ErrAppTimeout }

// Run implements [engine.Upstream].
func (u *Upstream) Run(ctx context.Context, call *engine.Call) (engine.Result, error) {
	r, err := u.absinthe.Run(ctx, operationOf(call))
	if err != nil {
		return nil, u.errorOf(err, call.Idempotent)
	}
	return &result{Result: r, absinthe: u.absinthe}, nil
}

func operationOf(call *engine.Call) rpcclient.Operation {
	return rpcclient.Operation{
		Document:       call.Document,
		Hash:           call.Hash,
		Variables:      call.Variables,
		Name:           call.OperationName,
		Context:        call.Context,
		Claims:         call.Claims,
		ContextKey:     call.ContextKey,
		ContextExpires: call.ContextExpires,
		Idempotent:     call.Idempotent,
		Filter:         call.Filter,
		RequestID:      call.RequestID,
		Trace:          rpcclient.Trace(call.Trace),
		Observer:       (*observer)(call),
	}
}

// An observer is a call, for package rpcclient.
type observer engine.Call

func (o *observer) Sent(node string)          { (*engine.Call)(o).Sent(node) }
func (o *observer) SetPrepared(prepared bool) { (*engine.Call)(o).SetPrepared(prepared) }
func (o *observer) Annotate(note string)      { (*engine.Call)(o).Annotate(note) }

func (o *observer) Identify() any {
	path, operation, requestID := (*engine.Call)(o).Identify()
	return rpcclient.CallIdentity{Path: path, Operation: operation, RequestID: requestID}
}

// A result is the result map of Absinthe.
type result struct {
	*rpcclient.Result
	absinthe *rpcclient.Absinthe
}

func (r *result) Node() string    { return r.Result.Node }
func (r *result) Size() int       { return len(r.Value.Bytes) }
func (r *result) HasData() bool   { return hasMember(r.Value, "data") }
func (r *result) HasErrors() bool { return hasMember(r.Value, "errors") }

func (r *result) Outcome() operation.Outcome { return outcomeOf(r.Value) }

func (r *result) PresentErrors(rules engine.ErrorRules, masked func(text string)) {
	r.Value = presentErrors(r.Value, rules, masked)
}

func (r *result) AppendJSON(ctx context.Context, b []byte, order *schema.Order, limit int) ([]byte, error) {
	b, err := r.Value.AppendJSONEncoded(ctx, b, order, limit, r.absinthe.StructEncoder(ctx, r.Result))
	_, tooLong := errors.AsType[*etf.JSONSizeError](err)
	noJSON, hasNoJSON := errors.AsType[*etf.JSONError](err)
	switch {
	case tooLong:
		err = fmt.Errorf("%w: %w", engine.ErrTooLong, err)
	case hasNoJSON && ctx.Err() == nil:
		err = &operation.Error{Class: operation.Internal, Code: operation.InternalCode, Message: noJSONMessage(noJSON), Cause: err}
	}
	return b, err
}

// hasMember reports whether a result map has a key. Without data nothing was executed. The
// value of the last key is not read: that of data may be large.
func hasMember(result etf.Term, name string) bool {
	d := etf.NewDecoder(result)
	n, err := d.Map()
	for i := 0; err == nil && i < n; i++ {
		var key string
		if key, err = d.Atom(); key == name {
			return true
		}
		if err == nil && i < n-1 {
			err = d.Skip()
		}
	}
	return false
}
