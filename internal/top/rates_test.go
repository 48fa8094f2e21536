package top

import (
	"math"
	"testing"
)

// A percentile is spread around the mean of its bucket, and never longer than the longest
// request.
func TestPercentiles(t *testing.T) {
	for name, tt := range map[string]struct {
		counts            Counts
		longest, p50, p99 float64
	}{
		"none":             {Counts{Histogram: []uint64{0, 0, 0, 0}}, 0, -1, -1},
		"spread":           {Counts{Histogram: []uint64{0, 100, 0, 0}, HistogramSeconds: []float64{0, 0.5, 0, 0}}, 1, 0.005, 0.00892},
		"all equal":        {Counts{Histogram: []uint64{0, 0, 100, 0}, HistogramSeconds: []float64{0, 0, 1.2, 0}}, 0.012, 0.012, 0.012},
		"above all bounds": {Counts{Histogram: []uint64{0, 0, 0, 4}, HistogramSeconds: []float64{0, 0, 0, 12.2}}, 3.1, 3.05, 3.099},
	} {
		got := ratesOf(tt.counts, bounds, 1, tt.longest)
		if math.Abs(got.p50-tt.p50) > 1e-9 || math.Abs(got.p99-tt.p99) > 1e-9 {
			t.Errorf("%s: p50 %g, p99 %g; want %g and %g", name, got.p50, got.p99, tt.p50, tt.p99)
		}
	}
}

// The longest request is that of the samples, or of all requests where a sample is missing.
func TestLongest(t *testing.T) {
	s := series{{1, Counts{LatestMaxSeconds: 7}}, {2, Counts{LatestMaxSeconds: 3}}, {4, Counts{LatestMaxSeconds: 2, MaxSeconds: 9}}}
	if got := s.longest(); got != 3 {
		t.Errorf("%g", got)
	}
	s[0].at = -1
	if got := s.longest(); got != 9 {
		t.Errorf("%g where a sample is missing", got)
	}
}
