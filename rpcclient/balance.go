package rpcclient

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// coldest is the share of calls that a node gets which just came up.
const coldest = 0.1

// choose takes a place on the better one of two nodes that chance names: nearly as
// good as the best of all, and several gateways do not run after the same one
// ("the power of two choices"). If it has none, the others are tried, the best
// first. Where fit is given, the others do not count. Errors are errFull,
// [ErrCircuitOpen] and [ErrNoNode].
func (p *Pool) choose(fit func(note any) bool) (*place, error) {
	members := *p.members.Load()
	if fit != nil {
		members = fitting(members, fit)
	}
	now := time.Now()
	if n := len(members); n > 1 {
		i, j := rand.IntN(n), rand.IntN(n-1) // #nosec G404 -- no secret
		if j >= i {
			j++
		}
		better := members[i]
		if members[j].cost(now) < better.cost(now) {
			better = members[j]
		}
		if place, err := better.take(now); err == nil {
			return place, nil
		}
	}
	full, open := 0, 0
	for _, m := range ranked(members, now) {
		place, err := m.take(now)
		switch err {
		case nil:
			return place, nil
		case errAway:
		case errFull:
			full++
		default:
			open++
		}
	}
	switch {
	case full > 0:
		return nil, errFull
	case open > 0:
		return nil, fmt.Errorf("%w (%d of %d nodes)", ErrCircuitOpen, open, len(members))
	}
	return nil, fmt.Errorf("%w (%d known)", ErrNoNode, len(members))
}

// ranked returns the members by cost, the lowest first.
func ranked(members []*member, now time.Time) []*member {
	if len(members) < 2 {
		return members
	}
	costs := make(map[*member]float64, len(members))
	for _, m := range members {
		costs[m] = m.cost(now)
	}
	return slices.SortedFunc(slices.Values(members), func(a, b *member) int {
		return cmp.Compare(costs[a], costs[b])
	})
}

// cost says how long a call would probably have to wait here, as the binary
// logarithm of the calls in flight times the node's latency. Costs are compared
// with each other only. A node that cannot be called costs infinitely much. The
// random part, up to a factor of 2, spreads calls over nodes that are about equal.
func (m *member) cost(now time.Time) float64 {
	conn := m.connection()
	m.mu.Lock()
	defer m.mu.Unlock()
	if conn == nil || m.retired || m.calls >= m.pool.cfg.Load.InFlight {
		return math.Inf(1)
	}
	typical := m.pool.typical.load()
	latency := typical
	if m.creation == conn.Peer().Creation {
		latency = m.latency.estimate(typical, now)
	}
	warmth := max(coldest, min(1, float64(now.Sub(conn.progress.began()))/float64(m.pool.cfg.Load.Warmup)))
	return math.Log2(float64(m.calls+1)/warmth) + latency + rand.Float64() // #nosec G404 -- no secret
}
