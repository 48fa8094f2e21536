package gateway

import "slices"

// tally is what an application's pool and contract have counted.
type tally struct {
	retries, overloaded                uint64
	refused, agreed, disagreed, passed uint64
}

func (s appStatus) tally() tally {
	t := tally{retries: s.Retries, overloaded: s.Overloaded}
	if v := s.Validation; v != nil {
		t.refused, t.agreed, t.disagreed, t.passed = v.Refused, v.Agreed, v.Disagreed, v.Passed
	}
	return t
}

func (t tally) plus(o tally) tally {
	return tally{
		t.retries + o.retries, t.overloaded + o.overloaded,
		t.refused + o.refused, t.agreed + o.agreed, t.disagreed + o.disagreed, t.passed + o.passed,
	}
}

// tallies are those of applications that a reload has replaced. With them, what is
// counted at a path never goes back.
type tallies struct {
	leaving []*App           // they still have requests, which count
	past    map[string]tally // by path, of all before them
}

// leave takes over the applications that are not in next any more.
func (t *tallies) leave(former, next []*App) (left []*App) {
	for _, app := range former {
		if !slices.Contains(next, app) {
			left = append(left, app)
		}
	}
	t.leaving = append(t.leaving, left...)
	return left
}

// close adds up what applications that leave have counted, and forgets them.
func (t *tallies) close(left []*App) {
	for _, app := range left {
		t.past[app.Config.Path] = t.past[app.Config.Path].plus(app.status().tally())
	}
	t.leaving = slices.DeleteFunc(t.leaving, func(app *App) bool { return slices.Contains(left, app) })
}

// counted returns the applications' status, and of each what has been counted at its
// path since the gateway started.
func (g *Gateway) counted() ([]appStatus, []tally) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	apps := g.current.apps
	statuses, sums := make([]appStatus, len(apps)), make([]tally, len(apps))
	for i, app := range apps {
		statuses[i] = app.status()
		sums[i] = g.tallies.past[app.Config.Path].plus(statuses[i].tally())
		for _, other := range g.tallies.leaving {
			if other.Config.Path == app.Config.Path {
				sums[i] = sums[i].plus(other.status().tally())
			}
		}
	}
	return statuses, sums
}
