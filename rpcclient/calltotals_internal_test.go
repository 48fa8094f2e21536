package rpcclient

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
)

// The totals of a node have calls that it answered and calls that it failed, and none that
// their client gave up.
func TestCallTotals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := (*idlePool(PoolConfig{}, 1).members.Load())[0]
		for _, end := range []struct {
			after time.Duration
			err   error
			h     health
		}{
			{time.Millisecond, nil, healthy},
			{2 * time.Second, nil, healthy},
			{time.Hour, fmt.Errorf("call: %w", ErrAppTimeout), uncounted}, // pinned to this node
			{time.Second, new(erldist.LostError), failed},
			{time.Second, new(CallError), healthy},
			{time.Second, context.Canceled, uncounted},
		} {
			s, err := m.takeSlot(time.Now(), true)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(end.after)
			s.release(end.err, end.h)
		}
		got := m.status().Ended
		within := make(map[time.Duration]uint64)
		for i, n := range got.Within {
			within[CallBounds[i]] = n
		}
		if got.OK != 2 || got.Failed != 3 || within[500*time.Microsecond] != 0 || within[time.Millisecond] != 1 || within[time.Second] != 3 || within[30*time.Second] != 4 {
			t.Errorf("%+v", got)
		}
	})
}
