package rpcclient

import (
	"errors"
	"time"

	"github.com/louche-graphql/louche/internal/durations"
)

// CallTotals are the calls that ended on a node since the pool has it. Calls that their
// client gave up do not count.
type CallTotals struct {
	OK        uint64
	Failed    uint64 // without a result of the call
	Durations durations.Histogram
}

// add adds a call that has ended at a time.
func (t *CallTotals) add(elapsed time.Duration, at time.Time, err error, h health) {
	switch {
	case err == nil:
		t.OK++
	case h == uncounted && !errors.Is(err, ErrAppTimeout):
		return
	default:
		t.Failed++
	}
	t.Durations.Add(elapsed, at)
}
