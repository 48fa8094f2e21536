package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/gateway/operation"
)

var (
	errSubscriptionsFull = &operation.Error{Class: operation.Unavailable, Code: operation.Overloaded.Code, Message: "There are more subscriptions than the gateway takes.", RetryAfter: operation.Overloaded.RetryAfter}
	errExpired           = &operation.Error{Class: operation.Unauthenticated, Code: "UNAUTHENTICATED", Message: "The request's credentials have expired."}
)

// subscribe emits an accepted subscription as an empty result, and then its results.
func (r *run) subscribe(ctx context.Context, emit Emitter) error {
	defer r.Shared.subscriptions.Add(-1)
	if r.Shared.subscriptions.Add(1) > r.limits.Subscriptions {
		return errSubscriptionsFull
	}
	if id := r.caller.identity; id != nil && !id.Expires.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, id.Expires, errExpired)
		defer cancel()
	}
	r.setCall()
	r.persist()
	r.result.Enter(operation.StageNode)
	l, err := r.Subscriptions.listen(r)
	if err != nil {
		return err
	}
	defer r.Subscriptions.leave(l)
	select {
	case <-l.feed.accepted:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return r.forward(ctx, l, emit)
}

// forward emits the results of a feed that is subscribed, or the answer of the application.
func (r *run) forward(ctx context.Context, l *listener, emit Emitter) error {
	if !l.feed.subscribed {
		return r.emitAnswer(ctx, l, emit)
	}
	r.result.Code, r.result.Part = operation.OK, operation.Accepted
	r.validation.SetExecuted(true, r.caller.Client)
	if err := emit(r.result); err != nil {
		return err
	}
	for {
		next, err := l.next(ctx)
		if err == nil {
			err = r.emitItem(next, emit)
		}
		if err != nil {
			return r.end(err, emit)
		}
		r.result.Node = l.node()
	}
}

// emitAnswer emits what the application answers instead of subscribing the operation.
func (r *run) emitAnswer(ctx context.Context, l *listener, emit Emitter) error {
	answer, err := l.next(ctx)
	switch {
	case err != nil:
		return err
	case answer.event == nil:
		return NoMemory(errNoMemory, true)
	}
	defer answer.event.release()
	if !r.result.JSON.Share(answer.event.json) {
		return NoMemory(errNoMemory, true)
	}
	r.result.Code, r.result.Node = operation.OK, l.node()
	r.result.HasData, r.result.Outcome = answer.event.outcome.hasData, answer.event.outcome.outcome
	return emit(r.result)
}

// emitItem emits a gap, for clients that asked for gaps, and a result. A result for which
// there is no memory becomes a gap.
func (r *run) emitItem(next item, emit Emitter) error {
	defer next.event.release()
	if err := r.emitGap(next.gap, emit); err != nil || next.event == nil {
		return err
	}
	if !r.result.JSON.Share(next.event.json) {
		r.Subscriptions.counts.Dropped.Add(1)
		return r.emitGap(gap{dropped: 1}, emit)
	}
	defer r.result.JSON.Drop()
	r.result.Part, r.result.HasData, r.result.Outcome = operation.Event, next.event.outcome.hasData, next.event.outcome.outcome
	r.result.Events++
	return emit(r.result)
}

func (r *run) emitGap(g gap, emit Emitter) error {
	if g == (gap{}) || !r.Gaps {
		return nil
	}
	return r.emitText(g.body(), emit)
}

// emitText emits a result of the gateway itself.
func (r *run) emitText(text []byte, emit Emitter) error {
	if !r.result.JSON.Grow(len(text)) {
		return NoMemory(errNoMemory, true)
	}
	defer r.result.JSON.Drop()
	r.result.Part = operation.Event
	r.result.JSON.Bytes = append(r.result.JSON.Bytes[:0], text...)
	return emit(r.result)
}

// body returns the result that tells a client of a gap.
func (g gap) body() []byte {
	reason := "dropped"
	if g.resubscribed {
		reason = "resubscribed"
	}
	return fmt.Appendf(nil, `{"data":null,"extensions":{"gap":{"reason":%q,"dropped":%d}}}`, reason, g.dropped)
}

// end ends an accepted subscription. Why it ends is the last result, unless the client has
// left, or should subscribe again.
func (r *run) end(err error, emit Emitter) error {
	known := r.Error(err)
	switch {
	case errors.Is(err, errEnded):
		return nil
	case known.Class == operation.Canceled, known == ErrGoingAway:
		return known
	}
	if failed := r.emitText(known.Body(), emit); failed != nil {
		return failed
	}
	r.result.Code, r.result.Cause = known.Code, known.Cause
	return nil
}
