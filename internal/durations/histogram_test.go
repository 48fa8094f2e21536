package durations

import (
	"maps"
	"testing"
	"time"
)

func TestDurationsAreInTheirBuckets(t *testing.T) {
	var h Histogram
	at := time.Now()
	for _, d := range []time.Duration{0, time.Millisecond, time.Millisecond + 1, 2 * time.Millisecond, time.Hour} {
		h.Add(d, at)
	}
	r := h.Report(at)
	if len(r.Histogram) != len(Bounds)+1 || len(r.HistogramSeconds) != len(r.Histogram) {
		t.Fatalf("%d buckets with %d sums for %d bounds", len(r.Histogram), len(r.HistogramSeconds), len(Bounds))
	}
	counts, sums := make(map[float64]uint64), make(map[float64]float64)
	for i, bound := range append(Bounds[:len(Bounds):len(Bounds)], 0) { // the last bucket has none
		if r.Histogram[i] > 0 {
			counts[bound], sums[bound] = r.Histogram[i], r.HistogramSeconds[i]
		}
	}
	if want := map[float64]uint64{.0003: 1, .001: 1, .0015: 1, .002: 1, 0: 1}; !maps.Equal(counts, want) {
		t.Errorf("counts by bound: %v, want %v", counts, want)
	}
	if want := map[float64]float64{.0003: 0, .001: .001, .0015: .001000001, .002: .002, 0: 3600}; !maps.Equal(sums, want) {
		t.Errorf("seconds by bound: %v, want %v", sums, want)
	}
}

// A reader that reads every second or two misses no duration, and loses long ones soon.
func TestLongestDurations(t *testing.T) {
	var h Histogram
	began := time.Now()
	add := func(d, after time.Duration) { h.Add(d, began.Add(after)) }
	latest := func(after time.Duration) float64 { return h.Report(began.Add(after)).LatestMaxSeconds }
	add(9*time.Second, 0)
	add(3*time.Second, 1900*time.Millisecond)
	if got := latest(3900 * time.Millisecond); got != 9 {
		t.Errorf("after 3.9 s: %g", got)
	}
	if got := latest(4 * time.Second); got != 0 {
		t.Errorf("after 4 s without another: %g", got)
	}
	add(5*time.Second, 2100*time.Millisecond)
	if got := latest(4100 * time.Millisecond); got != 5 {
		t.Errorf("after 4.1 s: %g", got)
	}
	if got := h.Report(began.Add(time.Hour)); got.LatestMaxSeconds != 0 || got.MaxSeconds != 9 {
		t.Errorf("after an hour: %+v", got)
	}
}
