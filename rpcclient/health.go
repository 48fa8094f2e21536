package rpcclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// ErrAppTimeout is the cause of a context whose deadline is the application's own
// timeout. Any other deadline is the client's choice and says nothing about a node.
var ErrAppTimeout = fmt.Errorf("no answer within the application's own timeout: %w", context.DeadlineExceeded)

// health is what the end of a call says about its node. Nothing that a client chooses
// counts against a node: the document, its variables, the deadline, leaving early. See
// docs/decisions/0012-node-health.md.
type health int

const (
	// uncounted: the client ended the call.
	uncounted health = iota
	// healthy: the node answered, even with a crash of the call.
	healthy
	// failed: the connection was lost, the node refused to spawn a process
	// (system_limit), or the application's own timeout passed.
	failed
)

// healthOf classifies the end of a call. comparable: any node could have got the call,
// and this one had the whole timeout.
func healthOf(ctx context.Context, err error, comparable bool) health {
	_, refused := errors.AsType[*erldist.RefusedError](err)
	switch {
	case refused, IsLost(err):
		return failed
	case !endedWith(ctx, err):
		return healthy
	case comparable && errors.Is(err, ErrAppTimeout):
		return failed
	}
	return uncounted
}

func endedWith(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

func (h health) err() error {
	switch h {
	case failed:
		return errFailed
	case uncounted:
		return errUncounted
	}
	return nil
}
