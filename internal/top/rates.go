package top

// rates are what happened between two samples.
type rates struct {
	perSecond float64
	failed    float64 // share, 0 to 1
	p50, p99  float64 // seconds; negative: nothing ended
}

// ratesOf compares totals that are some seconds apart. Counters may begin again, and earlier
// ones may be missing.
func ratesOf(before, now Totals, seconds float64) rates {
	if len(before.Within) != len(now.Within) || now.OK < before.OK || now.Failed < before.Failed {
		before = now
	}
	failed := now.Failed - before.Failed
	count := now.OK - before.OK + failed
	buckets := make([]uint64, len(now.Within)+1)
	below := uint64(0)
	for i := range now.Within {
		upTo := now.Within[i] - before.Within[i]
		buckets[i], below = upTo-below, upTo
	}
	buckets[len(now.Within)] = count - min(count, below)
	return newRates(count, failed, now.Bounds, buckets, seconds)
}

func newRates(count, failed uint64, bounds []float64, buckets []uint64, seconds float64) rates {
	r := rates{p50: percentile(bounds, buckets, 0.5), p99: percentile(bounds, buckets, 0.99)}
	if seconds > 0 {
		r.perSecond = float64(count) / seconds
	}
	if count > 0 {
		r.failed = float64(failed) / float64(count)
	}
	return r
}

// percentile estimates a percentile from a histogram: linear within a bucket, and the last
// bound above all bounds. It is negative if the histogram is empty.
func percentile(bounds []float64, buckets []uint64, share float64) float64 {
	total := uint64(0)
	for _, n := range buckets {
		total += n
	}
	if total == 0 || len(bounds) == 0 {
		return -1
	}
	rank, below, low := share*float64(total), 0.0, 0.0
	for i, bound := range bounds {
		if i < len(buckets) {
			n := float64(buckets[i])
			if n > 0 && below+n >= rank {
				return low + (rank-below)/n*(bound-low)
			}
			below += n
		}
		low = bound
	}
	return low
}
