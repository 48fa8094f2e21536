package chaos

import (
	"testing"
	"time"
)

// Hostile clients next to honest ones: no honest request is refused, fails or is lost.
// Each kind of attack has its own file.

// honest is a query that a node answers after its pace.
func honest(int) string { return operation(`{ counter pace }`) }

// honestRate is the number of honest requests a second.
const honestRate = 20

// attackTime is the duration of an attack.
func attackTime() time.Duration { return form(2*time.Second, time.Minute) }

// besideHonest sends honest requests during an attack, and fails for each that is not
// answered. attack begins the attack; the function that it returns ends the attack and
// returns its outcomes.
func besideHonest(t *testing.T, g *gateway, period time.Duration, attack func() (end func() outcomes)) (served, attacked outcomes) {
	t.Helper()
	end := attack()
	served = g.offer(honestRate, int(honestRate*period.Seconds()), "/graphql", honest).wait()
	attacked = end()
	t.Logf("figures: honest clients: %v; beside hostile ones: %v", served, attacked)
	if failed := served.failed(); len(failed) > 0 {
		t.Errorf("%d of %d honest requests failed: %s; the first: %+v", len(failed), len(served), failed.kinds(), failed[0])
	}
	return served, attacked
}
