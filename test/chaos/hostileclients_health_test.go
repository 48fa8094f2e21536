package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Hostile clients imitate failures of a node by documents that crash or take too long,
// short deadlines, and disconnects. No node is ejected for that.
func TestHostileClientsAndTheHealthOfNodes(t *testing.T) {
	const timeout = 6 * time.Second // long enough for honest clients on a slow machine
	asleep := operation(`{ sleep(ms: 3600000) }`)
	for _, nodes := range []int{1, 3} {
		f := startFleet(t, nodes, 10*time.Millisecond)
		g := startGateway(t, nil, f.settings(fmt.Sprintf("timeout: %v", timeout), "load: {in_flight: 5000}"))
		g.waitConnected(t, nodes)
		for _, attack := range []struct {
			name    string
			body    func(request int) string
			batch   int           // operations of a request
			timeout string        // of its requests, for the gateway
			leaves  time.Duration // when its clients disconnect
			period  time.Duration // until it has an effect
			kind    string        // the outcome of its requests
		}{
			{name: "documents that crash", body: func(request int) string {
				return operation([]string{`{ raise }`, `{ throw }`, `{ exit }`, `{ kill }`}[request%4])
			}, kind: "500 INTERNAL"},
			{name: "deadlines that no node can keep", body: func(int) string { return asleep }, timeout: "0.05ms", kind: "504 TIMEOUT"},
			{name: "batches with such deadlines", body: func(int) string {
				return "[" + strings.Repeat(asleep+",", 9) + asleep + "]"
			}, batch: 10, timeout: "0.05ms", kind: "200 TIMEOUT"},
			{name: "documents that time out", body: func(int) string { return asleep }, period: timeout, kind: "504 TIMEOUT"},
			{name: "clients that leave", body: func(int) string { return asleep }, leaves: 20 * time.Millisecond, kind: "no answer"},
			{name: "subscriptions", body: func(int) string { return operation(`subscription { a }`) }, kind: "200 SUBSCRIPTION_NOT_SUPPORTED"},
		} {
			for _, rate := range form([]int{50}, []int{12, 200}) { // operations a second; on a slow machine, too many are another attack, a flood
				t.Run(fmt.Sprintf("%d nodes, %s, %d a second", nodes, attack.name, rate), func(t *testing.T) {
					_, attacked := besideHonest(t, g, attack.period+attackTime(), func() func() outcomes {
						l := g.newLoad("/graphql", attack.body)
						l.client.Timeout = attack.leaves
						if attack.timeout != "" {
							l.header.Set("X-Request-Timeout", attack.timeout)
						}
						return l.offer(max(1, rate/max(1, attack.batch)), 0).end
					})
					if as := attacked.ofKind(attack.kind); len(as) < len(attacked) || len(as) == 0 {
						t.Errorf("hostile requests ended as %s, want %s: that is another attack", attacked.kinds(), attack.kind)
					}
					for _, n := range g.status(t).Apps[0].Nodes {
						if n.Breaker != "closed" {
							t.Errorf("the breaker of %s is %s", n.Name, n.Breaker)
						}
					}
				})
			}
		}
		for _, n := range f.live {
			eventually(t, "no call is left", func() bool { return calls(t, n) == 0 })
		}
	}
}
