package chaos

import (
	"fmt"
	"testing"
	"time"
)

// The load is ten times the capacity of the nodes. Accepted requests are as fast as
// before, the rest is refused at once, and nothing piles up.
func TestOverload(t *testing.T) {
	const nodes, queueTime = 2, 25 * time.Millisecond
	// The capacity is bounded by slots, not by processors: ten times that is little
	// even for a slow machine.
	const pace = 100 * time.Millisecond
	places := form(1, 8)
	most := form(50, 99) // percent; lower in the short form, which may share the machine
	f := startFleet(t, nodes, pace)
	s := f.settings(longTimeout, fmt.Sprintf("load: {in_flight: %d, queue: %d, queue_time: %v}", places, 4*places, queueTime))
	s.timed = true
	g := startGateway(t, nil, s)
	g.waitConnected(t, nodes)

	query := func(int) string { return operation(`{ counter pace }`) }
	alone := g.offerClosedLoop(1, "/graphql", query)
	alone.waitAnswered(t, form(20, 100))
	unloaded := alone.end()
	capacity := func() float64 {
		l := g.offerClosedLoop(nodes*places, "/graphql", query)
		l.waitAnswered(t, form(40, 1000))
		return float64(len(l.end().ok())) / time.Since(l.began).Seconds()
	}
	before := capacity()
	memoryBefore := g.status(t).MemoryBytes

	period := form(8*time.Second, 60*time.Second)
	flood := g.offer(10*int(before), 10*int(before)*int(period/time.Second), "/graphql", query)
	var memory, goroutines int64
	for sending := true; sending; {
		s := g.status(t)
		memory, goroutines = max(memory, s.MemoryBytes), max(goroutines, int64(s.Goroutines))
		select {
		case <-flood.sent:
			sending = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	o := flood.wait()
	period = o.lastSent()
	after := capacity()

	accepted, refused := o.ok(), o.ofKind("503 OVERLOADED")
	bound := max(2*unloaded.percentile(most), unloaded.percentile(most)+queueTime)
	t.Logf("figures: %.0f/s possible, %d/s offered for %v: %d served (%.0f/s), p99 %v where unloaded it is %v; %d refused, p50 %v, p99 %v, max %v",
		before, 10*int(before), period, len(accepted), float64(len(accepted))/period.Seconds(), accepted.percentile(99), unloaded.percentile(99),
		len(refused), refused.percentile(50), refused.percentile(99), refused.percentile(100))
	t.Logf("figures: memory %d MiB before, %d MiB at most; %d goroutines at most; %.0f/s possible right after, %.2f of before",
		memoryBefore>>20, memory>>20, goroutines, after, after/before)
	if accepted.percentile(most) > bound {
		t.Errorf("p%d of what was served is %v, want at most %v", most, accepted.percentile(most), bound)
	}
	if len(accepted)+len(refused) != len(o) {
		t.Errorf("neither served nor refused: %s", o.kinds())
	}
	if len(refused) < len(o)/2 {
		t.Errorf("%d of %d were refused, so there was no overload", len(refused), len(o))
	}
	if float64(len(accepted)) < form(0.5, 0.8)*before*period.Seconds() {
		t.Errorf("%d were served, %.0f could have been", len(accepted), before*period.Seconds())
	}
	if refused.percentile(most) > unloaded.percentile(50) {
		t.Errorf("p%d of refusals is %v, where an answer takes %v", most, refused.percentile(most), unloaded.percentile(50))
	}
	if memory > memoryBefore+128<<20 {
		t.Errorf("memory grew from %d to %d MiB", memoryBefore>>20, memory>>20)
	}
	if after < form(0.5, 0.9)*before {
		t.Errorf("%.0f/s right after the overload, %.0f/s before", after, before)
	}
}
