package ratelimit

import "time"

// A count is the state of a counter: the cost in the current window, which began elapsed
// ago, and in the previous one.
//
// The algorithm is the sliding window counter: it assumes that the operations of the
// previous window are spread evenly, and counts the share that is still within one window's
// length from now.
type count struct {
	current, previous int64
	elapsed           time.Duration
}

// epsilon absorbs rounding errors.
const epsilon = 1e-6

// used returns the cost within the last per.
func (c count) used(per time.Duration) float64 {
	return float64(c.previous)*float64(per-c.elapsed)/float64(per) + float64(c.current)
}

func (c count) admits(n, limit int, per time.Duration) bool {
	return c.used(per)+float64(n) <= float64(limit)+epsilon
}

// remaining returns how many more the limit allows now.
func (c count) remaining(limit int, per time.Duration) int {
	return max(0, int(float64(limit)+epsilon-c.used(per)))
}

// wait returns the time until the limit allows n, if none are charged meanwhile.
func (c count) wait(n, limit int, per time.Duration) time.Duration {
	room := float64(max(0, limit-n))
	current, previous := float64(c.current), float64(c.previous)
	// share returns the time after which the share of a former window fits into room.
	share := func(former, room float64) time.Duration {
		return time.Duration(float64(per) * (1 - room/former))
	}
	switch {
	case c.used(per) <= room+epsilon:
		return 0
	case current <= room:
		return share(previous, room-current) - c.elapsed
	}
	return per - c.elapsed + share(current, room)
}
