package stats

import (
	"slices"
	"time"
)

// bounds are the upper bounds of a histogram's buckets: six in each power of ten, which one
// reads at an axis.
var bounds = [...]time.Duration{
	300 * time.Microsecond, 500 * time.Microsecond, 700 * time.Microsecond,
	1 * time.Millisecond, 1500 * time.Microsecond, 2 * time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond, 7 * time.Millisecond,
	10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 50 * time.Millisecond, 70 * time.Millisecond,
	100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond, 300 * time.Millisecond, 500 * time.Millisecond, 700 * time.Millisecond,
	1 * time.Second, 1500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 5 * time.Second, 7 * time.Second,
	10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second, 50 * time.Second, 70 * time.Second,
}

// A histogram has the requests in each bucket and their time. The last bucket has those above
// all bounds.
type histogram [len(bounds) + 1]struct {
	requests uint64
	took     time.Duration
}

func (h *histogram) add(took time.Duration) {
	bucket, _ := slices.BinarySearch(bounds[:], took)
	h[bucket].requests++
	h[bucket].took += took
}

// boundSeconds returns the bounds in seconds.
func boundSeconds() []float64 {
	seconds := make([]float64, len(bounds))
	for i, bound := range bounds {
		seconds[i] = bound.Seconds()
	}
	return seconds
}
