package chaos

import (
	"slices"
	"testing"
	"time"
)

// A rolling deploy: each node is replaced in an orderly way, by one whose
// application takes a while to start while it can be connected to already; and the
// old one's takes a while to stop, in which its fields fail. No query fails. A
// mutation does only where it came before the gateway knew of the stop.
func TestDeployIsNotNoticed(t *testing.T) {
	const (
		takes = 1500 * time.Millisecond // to start, and to stop
		known = time.Second             // how soon the gateway knows that a node stops
	)
	f := &fleet{pace: 20 * time.Millisecond, stop: takes}
	f.begin(t, 3)
	g := startGateway(t, nil, f.settings("timeout: 10s"))
	g.waitConnected(t, 3)

	queries := g.offer(form(300, 800), 0, "/graphql", func(int) string { return operation(`{ counter pace }`) })
	mutations := g.offer(form(50, 100), 0, "/graphql", appendOperation)
	var stops []time.Duration // since the load of mutations began
	for range form(3, 30) {
		stops = append(stops, f.replace(t, takes).Sub(mutations.began))
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
		t.Error("no stop met a query: nothing was shown")
	}
	if twice > 0 || missing > 0 {
		t.Errorf("%d mutations ran twice, %d that succeeded did not run", twice, missing)
	}
	others := changes.failed().those(func(o outcome) bool {
		return !slices.ContainsFunc(stops, func(stop time.Duration) bool {
			return o.sent > stop-settling && o.sent < stop+known+settling
		})
	})
	if len(others) > 0 {
		t.Errorf("%d mutations failed other than by the stop of their node; the first: %+v", len(others), others[0])
	}
	for _, n := range f.all[3:] {
		if g.log.line("node is starting", n.Name) == "" {
			t.Errorf("the gateway did not see %s start: nothing was shown", n.Name)
		}
	}
}
