package rpcclient

import (
	"errors"
	"slices"
	"time"
)

// CallBounds are the upper bounds of [CallTotals.Within]: from the time of the smallest query
// to the default timeout of operations.
var CallBounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// CallTotals are the calls that ended on a node since the pool has it. Calls that their
// client gave up do not count.
type CallTotals struct {
	OK     uint64
	Failed uint64 // without a result of the call
	// Within has the number of calls up to each of CallBounds.
	Within [len(CallBounds)]uint64
}

// add adds the end of a call.
func (t *CallTotals) add(elapsed time.Duration, err error, h health) {
	switch {
	case err == nil:
		t.OK++
	case h == uncounted && !errors.Is(err, ErrAppTimeout):
		return
	default:
		t.Failed++
	}
	first, _ := slices.BinarySearch(CallBounds[:], elapsed)
	for i := first; i < len(CallBounds); i++ {
		t.Within[i]++
	}
}
