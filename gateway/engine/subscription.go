package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/gateway/operation"
)

// A Subscription is an accepted subscription of one client. It holds nothing of the request
// that it began with but the credentials. It must be closed.
type Subscription struct {
	*listener
	engine *Engine
	gaps   bool // the client wants to know of results that it did not get
}

// An Emitter gets a result of a subscription, which belongs to the engine again when emit
// returns.
type Emitter func(*operation.Result) error

// Forward emits the results of the subscription until it or ctx ends. It uses the memory of
// result. Its error is that of emit, [ErrGoingAway] or one of class
// [operation.Canceled]. Other reasons for the end are the last result.
func (s *Subscription) Forward(ctx context.Context, result *operation.Result, emit Emitter) error {
	if !s.expires.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, s.expires, s.subscriptions.expired())
		defer cancel()
	}
	for {
		next, err := s.next(ctx)
		if err != nil {
			return s.end(err, result, emit)
		}
		if err := s.emit(next, result, emit); err != nil {
			return err
		}
		result.Node = s.node()
	}
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.subscriptions.leave(s.listener)
	s.engine.Shared.subscriptions.Add(-1)
}

// emit emits a gap, for clients that asked for gaps, and a result. A result for which there is
// no memory becomes a gap.
func (s *Subscription) emit(next item, result *operation.Result, emit Emitter) error {
	defer next.event.release()
	if err := s.emitGap(next.gap, result, emit); err != nil || next.event == nil {
		return err
	}
	if !result.JSON.Share(next.event.json) {
		s.subscriptions.counts.Dropped.Add(1)
		return s.emitGap(gap{dropped: 1}, result, emit)
	}
	defer result.JSON.Drop()
	result.HasData, result.Outcome = next.event.outcome.hasData, next.event.outcome.outcome
	result.Events++
	return emit(result)
}

func (s *Subscription) emitGap(g gap, result *operation.Result, emit Emitter) error {
	if g == (gap{}) || !s.gaps {
		return nil
	}
	return emitText(g.body(), result, emit)
}

// emitText emits a result of the gateway itself.
func emitText(text []byte, result *operation.Result, emit Emitter) error {
	if !result.JSON.Grow(len(text)) {
		return NoMemory(errNoMemory, true)
	}
	defer result.JSON.Drop()
	result.JSON.Bytes = append(result.JSON.Bytes[:0], text...)
	return emit(result)
}

// body returns the result that tells a client of a gap.
func (g gap) body() []byte {
	reason := "dropped"
	if g.resubscribed {
		reason = "resubscribed"
	}
	return fmt.Appendf(nil, `{"data":null,"extensions":{"gap":{"reason":%q,"dropped":%d}}}`, reason, g.dropped)
}

// end tells the client why its subscription ends, unless the client has left or should
// subscribe again.
func (s *Subscription) end(err error, result *operation.Result, emit Emitter) error {
	known := s.engine.Error(err)
	switch {
	case errors.Is(err, errEnded):
		return nil
	case known.Class == operation.Canceled, known == ErrGoingAway:
		return known
	}
	if failed := emitText(known.Body(), result, emit); failed != nil {
		return failed
	}
	result.Code, result.Cause = known.Code, known.Cause
	return nil
}
