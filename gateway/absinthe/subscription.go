package absinthe

import (
	"context"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/rpcclient"
)

// Subscribe implements [engine.Publisher].
func (u *Upstream) Subscribe(ctx context.Context, call *engine.Call) (engine.Source, engine.Result, error) {
	s, answer, err := u.absinthe.Subscribe(ctx, operationOf(call))
	switch {
	case err != nil:
		return nil, nil, u.errorOf(err, true)
	case answer != nil:
		return nil, u.resultOf(answer), nil
	}
	return &source{s, u}, nil, nil
}

// A source is a subscription on a node.
type source struct {
	*rpcclient.Subscription
	upstream *Upstream
}

func (s *source) Node() string { return s.Subscription.Node }

func (s *source) Next(ctx context.Context) (engine.Result, int, error) {
	e, err := s.Subscription.Next(ctx)
	switch {
	case err != nil:
		return nil, 0, s.upstream.errorOf(err, true)
	case e.Result == nil:
		return nil, e.Lost, nil
	}
	return s.upstream.resultOf(e.Result), e.Lost, nil
}
