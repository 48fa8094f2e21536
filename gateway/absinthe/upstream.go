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
	return u.resultOf(r), nil
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
		Request:        call.Request,
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
	contents
	absinthe *rpcclient.Absinthe
}

func (u *Upstream) resultOf(r *rpcclient.Result) *result {
	return &result{r, contentsOf(r.Value), u.absinthe}
}

func (r *result) Node() string    { return r.Result.Node }
func (r *result) Size() int       { return len(r.Value.Bytes) }
func (r *result) HasData() bool   { return r.data }
func (r *result) HasErrors() bool { return r.errors }

func (r *result) Header() []operation.Field { return fieldsOf(r.Result.Header) }

func (r *result) Status() int { return r.Result.Status }

func fieldsOf(header []rpcclient.HeaderField) (fields []operation.Field) {
	for _, f := range header {
		fields = append(fields, operation.Field(f))
	}
	return fields
}

func (r *result) Outcome() operation.Outcome { return r.outcome() }

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
