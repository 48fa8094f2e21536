package transport

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/internal/strictjson"
)

// A socketOperation is one operation of a socket. Its client cancels it by complete, after
// which it sends nothing.
type socketOperation struct {
	*socket
	id      string
	ctx     context.Context
	account *memory.Account
	began   time.Time
	result  operation.Result
	slots   int
}

var errTooManyOperations = &operation.Error{Class: operation.RateLimited, Code: "TOO_MANY_SUBSCRIPTIONS", Message: "There are too many operations on this connection: end others first.", RetryAfter: time.Second}

// run runs the operation and sends its results. surplus: the connection has too many.
func (o *socketOperation) run(ctx context.Context, req *operation.Request, surplus bool) {
	o.ctx, o.account, o.began = ctx, o.incoming.Open(), time.Now()
	defer o.account.Close()
	o.result.Reset()
	o.result.Timer = operation.StartTimer(o.began)
	err := o.answer(req, surplus)
	if o.result.Part != operation.Whole {
		o.result.Skip()
	}
	o.end(err)
	o.handler.report(&o.result.Report, o.w, o.request, o.caller)
	o.result.JSON.Close(0)
}

func (o *socketOperation) answer(req *operation.Request, surplus bool) error {
	if surplus {
		return errTooManyOperations
	}
	if !o.account.Reserve(parsed*(len(req.Query)+len(req.Variables))) || !o.result.JSON.Open(o.account) {
		return operation.Overloaded
	}
	o.slots = 1
	defer func() { o.handler.engine.Release(o.slots) }()
	if !o.handler.engine.Acquire(1) {
		return operation.Overloaded
	}
	return o.handler.engine.Run(o.ctx, o.caller, req, &o.result, o.emit)
}

// emit sends a result.
func (o *socketOperation) emit(result *operation.Result) error {
	if result.Part != operation.Event {
		o.handler.engine.Metrics.CountResult(result, o.began)
	}
	switch {
	case result.Part == operation.Accepted:
		o.handler.engine.Release(1)
		o.slots = 0
		result.End()
		return nil
	case result.Part == operation.Whole && !result.HasData:
		return o.sendError(result.JSON.Bytes)
	}
	if !result.JSON.ReservePaid(len(result.JSON.Bytes)+64+len(o.id), 0) {
		return operation.Overloaded
	}
	defer result.JSON.Release(len(result.JSON.Bytes) + 64 + len(o.id))
	message := make([]byte, 0, len(result.JSON.Bytes)+64+len(o.id))
	message = append(append(message, `{"id":`...), quoted(o.id)...)
	message = append(append(message, `,"type":"next","payload":`...), result.JSON.Bytes...)
	o.account.BeginWait(func() { o.close(errSocketMemory) })
	err := o.write(append(message, '}'))
	o.account.EndWait()
	return err
}

func quoted(text string) []byte {
	b, _ := json.Marshal(text)
	return b
}

// sendError sends the errors of a response without data. They end the operation.
func (o *socketOperation) sendError(body []byte) error {
	if o.remove(o.id) == nil {
		return nil
	}
	return o.send(outgoing{ID: o.id, Type: "error", Payload: strictjson.Object(body)["errors"]})
}

// end ends the operation: by an error, or by complete. One that its client has ended, or whose
// client is gone, gets neither.
func (o *socketOperation) end(err error) {
	switch {
	case err == nil:
		if o.remove(o.id) != nil {
			o.send(outgoing{ID: o.id, Type: "complete"})
		}
	case errors.Is(err, engine.ErrGoingAway):
		o.close(errSocketLeaves)
	case o.ctx.Err() != nil:
		if o.result.Part == operation.Whole {
			o.fail(err)
		}
	case o.result.Part != operation.Whole: // it could not be written
		o.close(err)
	default:
		o.sendError(o.fail(err).Body())
	}
}

// fail counts and reports an error.
func (o *socketOperation) fail(err error) *operation.Error {
	known := o.handler.engine.Error(err)
	o.handler.engine.Metrics.CountError(known.Code, o.began)
	o.result.Code, o.result.Outcome, o.result.Cause = known.Code, operation.Succeeded, known.Cause
	return known
}
