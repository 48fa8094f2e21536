package chaos

import (
	"testing"
	"time"
)

// Hostile clients beside honest ones: whatever the ones do, no request of the others
// is refused, fails or is lost. Each kind of attack has a file of its own.

// honest is a query that a node answers after its pace.
func honest(int) string { return operation(`{ counter pace }`) }

// honestRate is how many requests honest clients send a second.
const honestRate = 20

// attackTime is how long an attack lasts.
func attackTime() time.Duration { return form(2*time.Second, time.Minute) }

// besideHonest has honest clients send requests while hostile ones attack for so long,
// and fails for each of theirs that was not answered. attack begins the attack; what it
// returns ends it and returns what came of its requests.
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
