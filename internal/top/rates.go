package top

// rates are those of the requests, or calls, between two samples.
type rates struct {
	perSecond          float64
	failed, withErrors float64 // shares, 0 to 1
	p50, p99           float64 // seconds; negative: nothing ended
}

// ratesOf returns the rates of counts that took some seconds. longest is the time of the
// longest request among them.
func ratesOf(c Counts, bounds []float64, seconds, longest float64) rates {
	r := rates{p50: percentile(c, bounds, longest, 0.5), p99: percentile(c, bounds, longest, 0.99)}
	if seconds > 0 {
		r.perSecond = float64(c.Requests) / seconds
	}
	if c.Requests > 0 {
		r.failed = float64(c.Failed) / float64(c.Requests)
		r.withErrors = float64(c.WithErrors) / float64(c.Requests)
	}
	return r
}

// percentile spreads the requests of a bucket around their mean, as far as its bounds and the
// longest request allow. It is negative without requests.
func percentile(c Counts, bounds []float64, longest, share float64) float64 {
	total := uint64(0)
	for _, n := range c.Histogram {
		total += n
	}
	rank := share * float64(total)
	for i := range c.Histogram {
		n := float64(c.Histogram[i])
		if n == 0 || rank > n || i >= len(c.HistogramSeconds) {
			rank -= n
			continue
		}
		low, high := 0.0, longest
		if 0 < i && i <= len(bounds) {
			low = bounds[i-1]
		}
		if i < len(bounds) {
			high = min(bounds[i], longest)
		}
		mean := c.HistogramSeconds[i] / n
		return mean + max(0, min(mean-low, high-mean))*(2*rank/n-1)
	}
	return -1
}
