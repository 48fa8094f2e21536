package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// A streamFormat is how a response has the results of a subscription.
type streamFormat struct {
	contentType []string
	beginning   string                           // once the subscription is accepted
	heartbeat   string                           // after a silence; empty: none
	result      func(json []byte) []byte         // one result
	complete    string                           // the application has ended the subscription
	leave       func(after time.Duration) []byte // the client should subscribe again
}

// A source emits the results of a stream, as an [engine.Subscription] does.
type source interface {
	Forward(ctx context.Context, result *operation.Result, emit engine.Emitter) error
	Close()
}

// A stream is the response to a subscription. It begins when the subscription is accepted:
// errors before that are JSON. It holds nothing of its request, no slot and no configuration.
type stream struct {
	format   *streamFormat
	handler  *Handler
	source   source
	w        *admission.Writer
	detached *detached // nil: the stream belongs to its handler
	result   operation.Result

	mu        sync.Mutex // of writing
	heartbeat *time.Timer
	failed    error // of a write
}

// openStream returns the response to a request whose source is ready. It closes the source if
// there is an error.
func (h *Handler) openStream(state *responseState, w http.ResponseWriter, r *http.Request, caller *engine.Caller, from source) (*stream, error) {
	s := h.newStream(state, r, caller, state.stream, from)
	s.w = w.(*admission.Writer)
	var err error
	if s.detached, err = detach(s.w, r); err != nil {
		from.Close()
		return nil, err
	}
	h.engine.Metrics.CountResult(&state.result, state.began)
	header := w.Header()
	header["Content-Type"] = s.format.contentType
	header.Set("Cache-Control", "no-cache, no-store")
	header.Set("X-Accel-Buffering", "no") // nginx
	setRateLimitHeaders(header, slices.Concat(caller.Quotas, state.result.Quotas))
	return s, nil
}

// newStream returns a stream without a writer.
func (h *Handler) newStream(state *responseState, r *http.Request, caller *engine.Caller, format *streamFormat, from source) *stream {
	state.result.End()
	s := &stream{format: format, handler: h, source: from}
	s.result.Report = state.result.Report
	if request := state.result.Request; request != nil {
		s.result.Request = &operation.Request{Query: request.Query, Variables: bytes.Clone(request.Variables)}
	}
	h.engine.Describe(&s.result.Report, r.Method, caller)
	return s
}

// start writes the stream. It returns at its end, or at once if the stream is detached.
func (s *stream) start(r *http.Request) {
	if s.detached == nil {
		s.handler.detach(r)
		s.serve(r.Context())
		return
	}
	s.w = s.detached.writer
	go func() { // #nosec G118 -- the stream outlives the handler
		ctx, leave := context.WithCancel(context.Background())
		defer leave()
		go s.detached.awaitEnd(leave)
		s.serve(ctx)
	}()
}

// serve writes the stream until its source or ctx ends.
func (s *stream) serve(ctx context.Context) {
	defer s.source.Close() // last: the gateway waits for it before it stops
	s.result.JSON.Open(s.w.Account)
	s.end(s.forward(ctx))
	s.handler.record(&s.result.Report, s.w)
	s.result.JSON.Close(0)
	if s.detached != nil {
		s.detached.close()
	}
}

func (s *stream) forward(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	s.w.WriteHeader(http.StatusOK)
	if s.format.heartbeat != "" {
		s.mu.Lock()
		s.heartbeat = time.AfterFunc(s.interval(), s.beat)
		s.mu.Unlock()
	}
	if err := s.write([]byte(s.format.beginning)); err != nil {
		return err
	}
	if r, ok := s.source.(*reservation); ok {
		r.interrupt = func() { s.w.SetDeadline(admission.Past) }
	}
	return s.source.Forward(ctx, &s.result, func(result *operation.Result) error {
		return s.write(s.format.result(result.JSON.Bytes))
	})
}

func (s *stream) interval() time.Duration { return s.handler.engine.Config.Subscriptions.Heartbeat }

// beat writes a heartbeat after a silence, unless a result is being written.
func (s *stream) beat() {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = s.w.WriteAside([]byte(s.format.heartbeat))
		s.heartbeat.Reset(s.interval())
	}
}

func (s *stream) write(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send(text)
}

// send writes and flushes. The caller holds s.mu. A write fails because its client has left, or
// does not read.
func (s *stream) send(text []byte) error {
	if s.failed == nil {
		_, s.failed = s.w.Write(text)
	}
	if s.failed == nil {
		s.failed = s.w.FlushError()
	}
	if s.failed != nil {
		return engine.ErrClientLeft.WithCause(s.failed)
	}
	if s.heartbeat != nil {
		s.heartbeat.Reset(s.interval())
	}
	return nil
}

// end ends the stream. A client that should subscribe again is not told that the subscription
// is complete.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch err {
	case nil:
		s.send([]byte(s.format.complete))
	case engine.ErrGoingAway:
		s.send(s.format.leave(engine.ErrGoingAway.RetryAfter))
	}
	s.failed = errStreamEnded
	if s.heartbeat != nil {
		s.heartbeat.Stop()
	}
	s.result.Skip()
	if known := s.handler.engine.Error(err); err != nil && known.Class == operation.Internal {
		s.result.Code, s.result.Cause = known.Code, known.Cause
	}
}

// errStreamEnded keeps a heartbeat from following the end.
var errStreamEnded = errors.New("the stream has ended")
