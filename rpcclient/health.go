package rpcclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// ErrAppTimeout is the cause of a context whose deadline is the application's own
// timeout. A deadline without it is the caller's choice, and says nothing of a node.
var ErrAppTimeout = fmt.Errorf("no answer within the application's own timeout: %w", context.DeadlineExceeded)

// health is what the end of a call says of its node. A client chooses the document,
// its variables, its deadline and when to leave, so none of these may count against
// a node: see docs/decisions/0012-node-health.md.
type health int

const (
	// uncounted: the caller gave the call up.
	uncounted health = iota
	// healthy: the node answered, be it that the call crashed.
	healthy
	// failed: the connection was lost, the node refused to start a process
	// (system_limit), or it was silent for the application's own timeout.
	failed
)

// healthOf says what the end of a call on a node says of it. comparable: any node
// could have got the call, and this one had the whole timeout for it.
func healthOf(ctx context.Context, err error, comparable bool) health {
	var (
		lost    *erldist.LostError
		refused *erldist.RefusedError
	)
	switch {
	case errors.As(err, &lost), errors.As(err, &refused):
		return failed
	case !endedWith(ctx, err):
		return healthy
	case comparable && errors.Is(err, ErrAppTimeout):
		return failed
	}
	return uncounted
}

// endedWith says whether err is that ctx ended.
func endedWith(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// result is what gobreaker is told.
func (h health) err() error {
	switch h {
	case failed:
		return errFailed
	case uncounted:
		return errUncounted
	}
	return nil
}
