package ratelimit

import "time"

// A count is what a counter says at some time: how many operations there were in
// the present window, which began elapsed ago, and in the one before. Windows are
// as long as the rule's time, and begin at multiples of it since 1970.
//
// This is the sliding window counter: the operations of the former window are taken
// as spread evenly over it, so what of them is still within the rule's time is in
// proportion.
type count struct {
	current, previous int64
	elapsed           time.Duration
}

// noise is what is no operation, but an error of rounding.
const noise = 1e-6

// used is how much of a limit is taken.
func (c count) used(per time.Duration) float64 {
	return float64(c.previous)*float64(per-c.elapsed)/float64(per) + float64(c.current)
}

// admits says whether n more may be run.
func (c count) admits(n, limit int, per time.Duration) bool {
	return c.used(per)+float64(n) <= float64(limit)+noise
}

// remaining is how many more may be run now.
func (c count) remaining(limit int, per time.Duration) int {
	return max(0, int(float64(limit)+noise-c.used(per)))
}

// wait is how long it takes, if none are run, until n may be.
func (c count) wait(n, limit int, per time.Duration) time.Duration {
	room := float64(max(0, limit-n))
	current, previous := float64(c.current), float64(c.previous)
	// share is the part of per after which that of a former window fits into room.
	share := func(former, room float64) time.Duration {
		return time.Duration(float64(per) * (1 - room/former))
	}
	switch {
	case c.used(per) <= room+noise:
		return 0
	case current <= room:
		return share(previous, room-current) - c.elapsed
	}
	return per - c.elapsed + share(current, room)
}
