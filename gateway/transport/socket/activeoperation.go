package socket

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/memory"
)

// operationMemory is the memory of an operation of a socket besides its request and result, in
// bytes: its goroutine and what the engine keeps of it.
const operationMemory = 8 << 10

// An activeOperation is one operation of a socket. Its id is taken until its goroutine has
// ended.
type activeOperation struct {
	*socket
	id      string
	replies phoenixReferences // to the message of the operation
	size    int               // of its message
	ctx     context.Context
	cancel  context.CancelFunc
	account *memory.Account
	began   time.Time
	result  operation.Result
	ended   chan struct{}
	request *operation.Request

	over bool // for the client. The mu of the socket guards it
}

// newOperation returns an operation that refers to nothing of its message.
func (s *socket) newOperation(id string, size int, req *operation.Request) *activeOperation {
	req.Variables = bytes.Clone(req.Variables)
	req.Stream, req.Index = true, 1 // the rate limits by address have counted the first message alone
	o := &activeOperation{socket: s, id: id, size: size, request: req, account: s.account.Open(), began: time.Now(), ended: make(chan struct{})}
	o.ctx, o.cancel = context.WithCancel(s.ctx)
	o.result.Reset()
	o.result.Timer = operation.StartTimer(o.began)
	return o
}

// run runs the operation and writes its results.
func (o *activeOperation) run() {
	defer o.remove()
	if err := o.serve(); err != nil {
		if o.ctx.Err() != nil { // the reason why the connection ends is none of the operation
			err = engine.ErrClientLeft.WithCause(err)
		}
		o.fail(err)
	}
	o.report()
}

// refuse answers with an error.
func (o *activeOperation) refuse(err error) {
	defer o.cancel()
	o.fail(err)
	o.report()
}

// remove frees the id.
func (o *activeOperation) remove() {
	o.cancel()
	o.result.JSON.Close(0)
	o.account.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.operations, o.id)
	close(o.ended)
}

// finish marks the end for the client, which its last message tells. It reports false if the
// client has ended the operation.
func (o *activeOperation) finish() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.over
	o.over = true
	return first
}

func (o *activeOperation) serve() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if !o.account.Reserve(operationMemory+request.Parsed*o.size) || !o.result.JSON.Open(o.account) {
		return operation.Overloaded
	}
	subscription, err := o.execute()
	if err != nil {
		return err
	}
	if subscription != nil {
		return o.forward(subscription)
	}
	o.result.Enter(operation.StageWrite)
	if !o.finish() {
		return engine.ErrClientLeft
	}
	if err := o.written(o.protocol.whole(o, o.result.JSON.Bytes, o.result.HasData)); err != nil {
		return err
	}
	o.app.Engine.Metrics.CountResult(&o.result, o.began)
	return nil
}

// execute runs the operation with the current configuration. It holds a slot until the result
// is there.
func (o *activeOperation) execute() (*engine.Subscription, error) {
	app, release := o.app.Hold()
	if app == nil {
		return nil, engine.ErrGoingAway
	}
	defer release()
	if app.Engine.Subscriptions != o.app.Engine.Subscriptions { // the connection has to leave in any case
		return nil, engine.ErrGoingAway
	}
	defer app.Engine.Release(1)
	if !app.Engine.Acquire(1) {
		return nil, operation.Overloaded
	}
	header := o.caller.Request.Header
	caller := *o.caller
	caller.Quotas = nil
	caller.Trace = app.Engine.Traces.Begin(operation.ParseTrace(header.Get("Traceparent"), strings.Join(header["Tracestate"], ",")))
	o.app.Engine.Describe(&o.result.Report, http.MethodGet, &caller)
	return app.Engine.Run(o.ctx, &caller, o.request, &o.result)
}

// forward writes the results of an accepted subscription. Its errors are those of the gateway.
func (o *activeOperation) forward(subscription *engine.Subscription) error {
	defer subscription.Close()
	o.app.Engine.Metrics.CountResult(&o.result, o.began)
	o.result.End()
	o.request = nil
	err := o.written(o.protocol.accepted(o))
	if err == nil {
		err = subscription.Forward(o.ctx, &o.result, o.emit)
	}
	o.result.Skip()
	if err == nil && o.finish() {
		err = o.written(o.protocol.complete(o))
	}
	if err != nil && o.app.Engine.Error(err).Class == operation.Internal {
		return err
	}
	return nil
}

func (o *activeOperation) emit(result *operation.Result) error {
	if o.ctx.Err() != nil {
		return engine.ErrClientLeft
	}
	return o.written(o.protocol.event(o, result.JSON.Bytes))
}

// written returns the error of an operation whose message could not be written: its client has
// left or does not read. A message that is written in part ends the connection.
func (o *activeOperation) written(err error) error {
	if err == nil {
		return nil
	}
	o.close(err)
	return engine.ErrClientLeft.WithCause(err)
}

// write writes a message of the operation, with a result between two texts.
func (o *activeOperation) write(head string, result []byte, tail string) error {
	o.result.Bytes += len(head) + len(result) + len(tail)
	return o.send(o.account, head, result, tail)
}

// fail counts an error, and tells the client if it waits for a result.
func (o *activeOperation) fail(err error) {
	known := o.app.Engine.Error(err)
	o.app.Engine.Metrics.CountError(known.Code, o.began)
	o.result.Code, o.result.Outcome, o.result.Cause = known.Code, operation.Succeeded, known.Cause
	switch {
	case known == engine.ErrGoingAway:
		o.close(errLeaves)
	case known.Class != operation.Canceled && o.finish():
		o.written(o.protocol.whole(o, known.Body(), false))
	}
}

func (o *activeOperation) report() {
	o.result.End()
	o.result.Status = http.StatusSwitchingProtocols
	o.app.Engine.Record(&o.result.Report)
}
