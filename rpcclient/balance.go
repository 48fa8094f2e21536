package rpcclient

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// minWarmth is the share of calls that a node gets right after its start.
const minWarmth = 0.1

// choose takes a slot on a node: the cheaper of two random nodes ("the power of two
// choices"). That is nearly as good as the cheapest of all, and keeps several gateways
// from choosing the same one. If it has no slot, the other nodes are tried, the
// cheapest first. Errors are errFull and [ErrNoNode].
func (p *Pool) choose(filter NodeFilter) (*slot, error) {
	members := *p.members.Load()
	if filter != nil {
		members = filtered(members, filter)
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
		if slot, err := better.takeSlot(now, false); err == nil {
			return slot, nil
		}
	}
	members = ranked(members, now)
	slot, err := takeFirst(members, now, p.ejectsTooMany(members))
	if err == errEjected { // no other node is left
		slot, err = takeFirst(members, now, true)
	}
	if err == errUnavailable {
		err = fmt.Errorf("%w (%d known)", ErrNoNode, len(members))
	}
	return slot, err
}

// takeFirst takes a slot on the first member that has one. If none has, it returns the
// error that passes soonest.
func takeFirst(members []*member, now time.Time, force bool) (*slot, error) {
	why := errUnavailable
	for _, m := range members {
		slot, err := m.takeSlot(now, force)
		switch {
		case err == nil:
			return slot, nil
		case err == errFull, err == errEjected && why == errUnavailable:
			why = err
		}
	}
	return nil, why
}

// ejectsTooMany reports whether the share of ejected nodes exceeds MaxEjected.
func (p *Pool) ejectsTooMany(members []*member) bool {
	callable, ejected := 0, 0
	for _, m := range members {
		can, out := m.availability()
		if can {
			callable++
		}
		if out {
			ejected++
		}
	}
	return float64(ejected) > p.cfg.Breaker.MaxEjected*float64(callable)
}

// othersHealthy reports whether the other nodes have had enough calls lately, and
// failed at most half as often as it takes to eject a node.
func (p *Pool) othersHealthy(one *member) bool {
	var all callCounts
	for _, m := range *p.members.Load() {
		if m != one {
			t := m.counts()
			all.ended += t.ended
			all.failed += t.failed
		}
	}
	cfg := p.cfg.Breaker
	return all.ended >= cfg.Calls && float64(all.failed) <= cfg.Failures/2*float64(all.ended)
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

// cost estimates how long a call would wait here: the binary logarithm of the calls in
// flight times the node's latency. Only the order of costs matters. An unavailable
// node costs infinity. The random part, up to a factor of 2, spreads calls over nodes
// of about the same cost.
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
	warmth := max(minWarmth, min(1, float64(now.Sub(conn.progress.startTime()))/float64(m.pool.cfg.Load.Warmup)))
	return math.Log2(float64(m.calls+1)/warmth) + latency + rand.Float64() // #nosec G404 -- no secret
}
