// Package durations has the histogram of durations that operators read. Its figures are
// counters, so a reader takes differences for the time that it shows.
package durations

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

// Bounds are the upper bounds of the buckets in seconds. The last bucket has none.
var Bounds = func() (seconds []float64) {
	for _, bound := range bounds {
		seconds = append(seconds, bound.Seconds())
	}
	return seconds
}()

// A Histogram counts durations, and sums them up, by bucket. The zero value is empty.
type Histogram struct {
	buckets [len(bounds) + 1]struct {
		count uint64
		sum   time.Duration
	}
	longest time.Duration
	latest  latest
}

// Add adds a duration that has ended at a time.
func (h *Histogram) Add(d time.Duration, at time.Time) {
	bucket, _ := slices.BinarySearch(bounds[:], d)
	h.buckets[bucket].count++
	h.buckets[bucket].sum += d
	h.longest = max(h.longest, d)
	h.latest.add(d, at)
}

// A Report is a Histogram as JSON.
type Report struct {
	// Histogram has the number of durations in each bucket, and HistogramSeconds their sum.
	Histogram        []uint64  `json:"histogram"`
	HistogramSeconds []float64 `json:"histogram_seconds"`
	// MaxSeconds is the longest duration.
	MaxSeconds float64 `json:"max_seconds"`
	// LatestMaxSeconds is the longest one of the last two to four seconds.
	LatestMaxSeconds float64 `json:"latest_max_seconds"`
}

// Report returns the state at a time.
func (h *Histogram) Report(at time.Time) Report {
	r := Report{MaxSeconds: h.longest.Seconds(), LatestMaxSeconds: h.latest.at(at).Seconds()}
	for _, bucket := range h.buckets {
		r.Histogram = append(r.Histogram, bucket.count)
		r.HistogramSeconds = append(r.HistogramSeconds, bucket.sum.Seconds())
	}
	return r
}
