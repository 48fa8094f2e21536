package transport

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
)

// eventStreamName is the media type of server-sent events.
const eventStreamName = "text/event-stream"

// An eventStream writes the results of a subscription as server-sent events ("distinct
// connections mode" of the GraphQL over Server-Sent Events protocol). It begins when the
// subscription is accepted: errors before that are JSON.
type eventStream struct {
	*responseState
	handler *Handler
	w       http.ResponseWriter
	request *http.Request
	quotas  []ratelimit.Quota // by address

	mu        sync.Mutex // of writing
	heartbeat *time.Timer
	failed    error // of a write
}

// emit writes a result, or leaves the only one in the state.
func (e *eventStream) emit(result *operation.Result) error {
	switch result.Part {
	case operation.Accepted:
		return e.begin()
	case operation.Event:
		return e.write(nextEvent(result.JSON.Bytes))
	}
	return nil
}

// begun reports whether a subscription was accepted.
func (e *eventStream) begun() bool { return e.heartbeat != nil }

// begin answers the request with the head of the stream. From here on the request holds no
// slot and no configuration.
func (e *eventStream) begin() error {
	e.handler.engine.Metrics.CountResult(&e.result, e.began)
	e.handler.engine.Release(1)
	e.slots--
	e.handler.detach(e.request)
	e.result.End()
	setEventStreamHeaders(e.w.Header())
	setRateLimitHeaders(e.w.Header(), slices.Concat(e.quotas, e.result.Quotas))
	e.w.WriteHeader(http.StatusOK)
	interval := e.handler.engine.Config.Subscriptions.Heartbeat
	e.mu.Lock()
	e.heartbeat = time.AfterFunc(interval, e.beat)
	e.mu.Unlock()
	return e.write([]byte(comment))
}

// comment is a comment that clients skip.
const comment = ":\n\n"

// beat writes a comment after a silence, unless a result is being written.
func (e *eventStream) beat() {
	if !e.mu.TryLock() {
		return
	}
	defer e.mu.Unlock()
	if e.failed == nil {
		e.failed = e.w.(*deadlineWriter).writeAside([]byte(comment))
		e.heartbeat.Reset(e.handler.engine.Config.Subscriptions.Heartbeat)
	}
}

func (e *eventStream) write(text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.send(text)
}

// send writes and flushes. The caller holds e.mu.
func (e *eventStream) send(text []byte) error {
	if e.failed != nil {
		return e.failed
	}
	if _, e.failed = e.w.Write(text); e.failed == nil {
		e.failed = http.NewResponseController(e.w).Flush()
	}
	e.heartbeat.Reset(e.handler.engine.Config.Subscriptions.Heartbeat)
	return e.failed
}

// end ends the stream. A client that should subscribe again gets no event complete, and a
// delay.
func (e *eventStream) end(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch err {
	case nil:
		e.send([]byte(completeEvent))
	case engine.ErrGoingAway:
		e.send(fmt.Appendf(nil, "retry: %d\n\n", engine.ErrGoingAway.RetryAfter.Milliseconds()))
	}
	e.failed = errStreamEnded
	e.heartbeat.Stop()
	e.result.Skip()
	if known := new(operation.Error); errors.As(err, &known) && known.Class == operation.Internal {
		e.result.Code, e.result.Cause = known.Code, known.Cause
	}
}

// errStreamEnded keeps a heartbeat from following the end.
var errStreamEnded = errors.New("the stream has ended")

// completeEvent ends a subscription. Browsers skip events without data.
const completeEvent = "event: complete\ndata:\n\n"

// nextEvent returns a result as an event.
func nextEvent(result []byte) []byte {
	b := make([]byte, 0, len("event: next\ndata: \n\n")+len(result))
	b = append(b, "event: next\ndata: "...)
	start := len(b)
	b = append(b, result...)
	if bytes.ContainsAny(result, "\r\n") { // between the tokens of JSON that the application encoded
		for i := range b[start:] {
			if b[start+i] == '\r' || b[start+i] == '\n' {
				b[start+i] = ' '
			}
		}
	}
	return append(b, "\n\n"...)
}

// wrapWhole makes the only result of an operation a stream.
func wrapWhole(result *memory.Buffer) bool {
	text := nextEvent(result.Bytes)
	if !result.Grow(len(text) + len(completeEvent)) {
		return false
	}
	result.Bytes = append(append(result.Bytes[:0], text...), completeEvent...)
	return true
}

func setEventStreamHeaders(header http.Header) {
	header["Content-Type"] = eventStreamMedia.contentType
	header.Set("Cache-Control", "no-cache, no-store")
	header.Set("X-Accel-Buffering", "no") // nginx
}
