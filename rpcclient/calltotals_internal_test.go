package rpcclient

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/internal/durations"
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
		calls := make(map[float64]uint64)
		for i, n := range got.Durations.Report(time.Now()).Histogram {
			if n > 0 {
				calls[append(durations.Bounds[:len(durations.Bounds):len(durations.Bounds)], 0)[i]] = n
			}
		}
		if want := map[float64]uint64{.001: 1, 1: 2, 2: 1, 0: 1}; got.OK != 2 || got.Failed != 3 || !maps.Equal(calls, want) {
			t.Errorf("%d answered, %d failed, by their time %v, want %v", got.OK, got.Failed, calls, want)
		}
	})
}
