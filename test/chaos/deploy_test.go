package chaos

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A rolling deploy replaces each node in an orderly way. The application of a new node
// takes a while to start, while the node already accepts connections. That of an old
// one takes a while to stop, during which its fields fail. No query fails. A mutation
// fails only if it was sent before the gateway knew of the stop.
func TestDeployIsNotNoticed(t *testing.T) {
	f := &fleet{pace: 20 * time.Millisecond, stop: 1500 * time.Millisecond}
	f.begin(t, 3)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 3)

	rate := g.rate(t, form(350, 900))
	queries := g.offer(max(1, rate*6/7), 0, "/graphql", func(int) string { return operation(`{ counter pace }`) })
	mutations := g.offer(max(1, rate/7), 0, "/graphql", appendOperation)
	type stop struct{ told, known time.Duration } // since the load of mutations began
	var stops []stop
	for len(stops) < form(3, 30) || g.status(t).Apps[0].Retries == 0 && len(stops) < form(30, 300) {
		n, told := f.replace(t, func(n *beamtest.Node) {
			eventually(t, "the gateway sees "+n.Name+" start", func() bool { return g.log.line("node is starting", n.Name) != "" })
		})
		var line string
		eventually(t, "the gateway knows that "+n.Name+" stops", func() bool {
			line = cmp.Or(g.log.line("node is stopping", n.Name), g.log.line("node down", n.Name))
			return line != ""
		})
		known := loggedAt(t, line).Add(time.Millisecond) // the unit of the log's times
		stops = append(stops, stop{told.Sub(mutations.began), known.Sub(mutations.began)})
	}
	o, changes := queries.end(), mutations.end()

	retries := g.status(t).Apps[0].Retries
	twice, missing, unknown := f.audit(t, changes)
	t.Logf("figures: %d nodes replaced; %d queries, %d sent again: %v; %d mutations: %v; run twice: %d; told a success, not run: %d; told a failure, run: %d",
		len(stops), len(o), retries, o, len(changes), changes, twice, missing, unknown)
	if failed := o.failed(); len(failed) > 0 {
		t.Errorf("%d of %d queries failed; the first: %+v", len(failed), len(o), failed[0])
	}
	if retries == 0 {
		t.Error("no stop met a query, so the test shows nothing")
	}
	if twice > 0 || missing > 0 {
		t.Errorf("%d mutations ran twice, %d that succeeded did not run", twice, missing)
	}
	others := changes.failed().filter(func(o outcome) bool {
		return !slices.ContainsFunc(stops, func(s stop) bool { return o.sent+o.took >= s.told && o.sent <= s.known })
	})
	if len(others) > 0 {
		t.Errorf("%d mutations failed for another reason than the stop of their node; the first: %+v", len(others), others[0])
	}
}
