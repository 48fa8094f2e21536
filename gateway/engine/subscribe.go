package engine

import (
	"context"

	"github.com/louche-graphql/louche/gateway/operation"
)

var (
	errSubscriptionsFull = &operation.Error{Class: operation.Unavailable, Code: operation.Overloaded.Code, Message: "There are more subscriptions than the gateway takes.", RetryAfter: operation.Overloaded.RetryAfter}
	errExpired           = &operation.Error{Class: operation.Unauthenticated, Code: "UNAUTHENTICATED", Message: "The request's credentials have expired."}
)

// subscribe returns an accepted subscription, or nil if the result is what the application
// answered instead. The client's timeout ends when the subscription is accepted.
func (r *run) subscribe(ctx context.Context) (_ *Subscription, err error) {
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.Timeout)
		defer cancel()
	}
	s := &Subscription{engine: r.Engine, gaps: r.Gaps}
	if r.Shared.subscriptions.Add(1) > r.limits.Subscriptions {
		r.Shared.subscriptions.Add(-1)
		return nil, errSubscriptionsFull
	}
	r.setCall()
	r.persist()
	r.result.Enter(operation.StageNode)
	if s.listener, err = r.Subscriptions.listen(r); err != nil {
		r.Shared.subscriptions.Add(-1)
		return nil, err
	}
	select {
	case <-s.feed.accepted:
	case <-ctx.Done():
		s.Close()
		return nil, context.Cause(ctx)
	}
	if !s.feed.subscribed {
		defer s.Close()
		return nil, r.takeAnswer(ctx, s.listener)
	}
	r.result.Code, r.result.Node = operation.OK, s.node()
	r.validation.SetExecuted(true, r.caller.Client)
	return s, nil
}

// takeAnswer takes what the application answers instead of subscribing the operation.
func (r *run) takeAnswer(ctx context.Context, l *listener) error {
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
	return nil
}
