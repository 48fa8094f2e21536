package chaos

import (
	"testing"
	"time"
)

// One of three nodes is a hundred times slower. Callers hardly notice.
func TestSlowNode(t *testing.T) {
	const pace = 20 * time.Millisecond
	f := startFleet(t, 2, pace)
	s := f.settings(longTimeout)
	s.timed = true
	g := startGateway(t, nil, s)
	g.waitConnected(t, 2)

	query := func(int) string { return operation(`{ counter pace }`) }
	rate, requests := g.rate(t, form(150, 300)), form(900, 9000)
	healthy := g.offer(rate, requests, "/graphql", query).wait()

	f.pace = 100 * pace
	slow := f.start(t)
	g.waitConnected(t, 3)
	adapting := 2 * time.Second
	all := g.offer(rate, requests+rate*int(adapting/time.Second), "/graphql", query).wait()
	after := all.sentFrom(adapting)

	ratio := float64(after.percentile(99)) / float64(healthy.percentile(99))
	served := count(t, slow) - 1
	t.Logf("figures: two healthy nodes: %v; with a slow third, after %v: %v; p99 ratio %.2f; the slow node got %d of %d",
		healthy, adapting, after, ratio, served, len(all))
	if long && ratio > 2 { // only on an otherwise idle machine
		t.Errorf("p99 is %.2f times that of two healthy nodes, want at most 2", ratio)
	}
	if served > len(all)/10 {
		t.Errorf("the slow node got %d of %d queries, where a third would be its share", served, len(all))
	}
	if failed := append(healthy, all...).failed(); len(failed) > 0 {
		t.Errorf("%d queries failed; the first: %+v", len(failed), failed[0])
	}
	if served == 0 {
		t.Error("the slow node was never used, so the test shows nothing")
	}
}
