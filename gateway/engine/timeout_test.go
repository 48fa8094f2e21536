package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

var errOwnTimeout = errors.New("the application's own timeout")

// timingUpstream is an upstream as far as its timeout.
type timingUpstream struct{ Upstream }

func (timingUpstream) TimeoutCause() error { return errOwnTimeout }

// A client can only shorten the application's timeout. The end of the application's own one
// counts against the node, outside of batches.
func TestTimeout(t *testing.T) {
	const own = 3 * time.Second
	for _, test := range []struct {
		requested time.Duration
		batched   bool
		want      time.Duration
		cause     error
	}{
		{0, false, own, errOwnTimeout},
		{own, false, own, errOwnTimeout},
		{time.Hour, false, own, errOwnTimeout},
		{own - time.Millisecond, false, own - time.Millisecond, context.DeadlineExceeded},
		{50 * time.Microsecond, false, 50 * time.Microsecond, context.DeadlineExceeded},
		{0, true, own, context.DeadlineExceeded},
		{time.Hour, true, own, context.DeadlineExceeded},
		{50 * time.Microsecond, true, 50 * time.Microsecond, context.DeadlineExceeded},
	} {
		r := runOf(Config{Timeout: own}, &operation.Request{Timeout: test.requested, Batched: test.batched})
		r.Upstream = timingUpstream{}
		if got, cause := r.timeout(); got != test.want || cause != test.cause {
			t.Errorf("%v, batched %v: %v (%v), want %v (%v)", test.requested, test.batched, got, cause, test.want, test.cause)
		}
	}
}
