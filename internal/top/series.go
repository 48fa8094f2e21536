package top

// latest is how many seconds LatestMaxSeconds of [Counts] covers at least.
const latest = 2

// A series has the counts of a thing in successive samples, the oldest first.
type series []point

type point struct {
	at     float64 // uptime of the gateway
	counts Counts
}

// series returns the counts of a thing. find returns those of a sample; nil: it has none.
func (h history) series(find func(*Sample) *Counts) (s series) {
	for i := range h.samples {
		if counts := find(&h.samples[i]); counts != nil {
			s = append(s, point{h.samples[i].UptimeSeconds, *counts})
		}
	}
	return s
}

// rates returns the rates from the first sample to the last.
func (s series) rates(bounds []float64) rates {
	if len(s) == 0 {
		return ratesOf(Counts{}, bounds, 0, 0)
	}
	return ratesOf(s.counts(), bounds, s[len(s)-1].at-s[0].at, s.longest())
}

// counts returns the counts between the first sample and the last. Counters may begin again.
func (s series) counts() Counts {
	before, now := s[0].counts, s[len(s)-1].counts
	if before.Requests > now.Requests || len(before.Histogram) != len(now.Histogram) {
		before = Counts{Histogram: make([]uint64, len(now.Histogram)), HistogramSeconds: make([]float64, len(now.HistogramSeconds))}
	}
	c := Counts{
		Requests:   now.Requests - before.Requests,
		Failed:     now.Failed - before.Failed,
		WithErrors: now.WithErrors - before.WithErrors,
		Seconds:    now.Seconds - before.Seconds,
	}
	for i := range now.Histogram {
		c.Histogram = append(c.Histogram, now.Histogram[i]-before.Histogram[i])
	}
	for i := range now.HistogramSeconds {
		c.HistogramSeconds = append(c.HistogramSeconds, now.HistogramSeconds[i]-before.HistogramSeconds[i])
	}
	return c
}

// longest returns the time of the longest request since the first sample, or since the start
// of the gateway where a sample is missing.
func (s series) longest() (longest float64) {
	last := s[len(s)-1]
	for i := 1; i < len(s); i++ {
		if s[i].at-s[i-1].at > latest {
			return last.counts.MaxSeconds
		}
		longest = max(longest, s[i].counts.LatestMaxSeconds)
	}
	return longest
}
