package chaos

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// killPeriod is the time between kills of nodes.
const killPeriod = 2 * time.Second

// Nodes are killed and replaced under a load of queries. No query fails.
func TestQueriesOutliveTheirNodes(t *testing.T) {
	f := startFleet(t, 3, 20*time.Millisecond)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 3)

	l := g.offer(g.rate(t, form(300, 800)), 0, "/graphql", func(int) string { return operation(`{ counter pace }`) })
	retries := 0
	killed := f.churn(t, killPeriod, form(5, 60), func() bool {
		retries = g.status(t).Apps[0].Retries
		return retries > 0
	})
	o := l.end()

	t.Logf("figures: %d queries, %d nodes killed, %d queries sent again: %v", len(o), killed, retries, o)
	g.expectPrepared(t)
	if failed := o.failed(); len(failed) > 0 {
		t.Errorf("%d of %d queries failed; the first: %+v", len(failed), len(o), failed[0])
	}
	if retries == 0 {
		t.Error("no kill met a query in flight, so the test shows nothing")
	}
}

// The same with mutations: each runs at most once, and each that succeeded has run.
func TestMutationsRunOnce(t *testing.T) {
	f := startFleet(t, 3, 50*time.Millisecond)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 3)

	l := g.offer(g.rate(t, form(300, 800)), 0, "/graphql", appendOperation)
	killed := f.churn(t, killPeriod, form(5, 60), func() bool {
		_, _, unknown := f.audit(t, l.ended())
		return unknown > 0
	})
	o := l.end()

	twice, missing, unknown := f.audit(t, o)
	t.Logf("figures: %d mutations, %d nodes killed: %v; run twice: %d; told a success, not run: %d; told NODE_DOWN, run: %d",
		len(o), killed, o, twice, missing, unknown)
	g.expectPrepared(t)
	if twice > 0 || missing > 0 {
		t.Errorf("%d mutations ran twice, %d that succeeded did not run", twice, missing)
	}
	if others := o.failed().filter(func(o outcome) bool { return o.kind() != "502 NODE_DOWN" }); len(others) > 0 {
		t.Errorf("%d mutations failed for another reason than the loss of their node; the first: %+v", len(others), others[0])
	}
	if unknown == 0 {
		t.Error("no kill met a mutation between its run and its answer, so the test shows nothing")
	}
}

// appendOperation writes the request's id on its node, then takes the node's pace.
func appendOperation(request int) string {
	return operationWith(`mutation($id: String!) { append(id: $id) pace }`, map[string]any{"id": appendID(request)})
}

func appendID(request int) string { return fmt.Sprintf("id-%d", request) }

// audit compares the outcomes of mutations with the runs on the nodes: those that ran
// twice, succeeded without a run, or failed after a run.
func (f *fleet) audit(t *testing.T, o outcomes) (twice, missing, unknown int) {
	runs := f.appended(t)
	for _, o := range o {
		ran := runs[appendID(o.request)]
		switch {
		case ran > 1:
			twice++
		case o.ok() && ran == 0:
			missing++
		case !o.ok() && ran > 0:
			unknown++
		}
	}
	return twice, missing, unknown
}

// appended counts the runs of every mutation on all nodes, including killed ones.
func (f *fleet) appended(t *testing.T) map[string]int {
	runs := make(map[string]int)
	for _, n := range f.all {
		for _, id := range n.Appended(t) {
			runs[id]++
		}
	}
	return runs
}

// Without any node, clients get an error faster than an answer of a node. The first
// node that returns is used within one poll.
func TestEveryNodeGone(t *testing.T) {
	f := startFleet(t, 3, 0)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 3)
	rate, requests := g.rate(t, 200), form(200, 2000)
	query := func(int) string { return operation(`{ counter }`) }
	before := g.offer(rate, requests, "/graphql", query).wait()
	if failed := before.failed(); len(failed) > 0 {
		t.Fatalf("with three nodes: %+v", failed[0])
	}

	for range 3 {
		f.kill()
	}
	noticed := eventually(t, "the gateway is not ready", func() bool { return g.health("/readyz") == http.StatusServiceUnavailable })
	o := g.offer(rate, requests, "/graphql", query).wait()
	if n := len(o.ofKind("503 NO_NODE_AVAILABLE")); n != len(o) || o.percentile(50) > 2*before.percentile(50) {
		t.Errorf("without a node: %v; want NO_NODE_AVAILABLE at once, where queries took: %v", o, before)
	}
	if _, header, _ := g.ask(t, `{ counter }`); header.Get("Retry-After") == "" {
		t.Error("no Retry-After without a node")
	}

	began := time.Now()
	f.start(t)
	starting := time.Since(began) // a measure of this machine's speed
	served := eventually(t, "a query is answered", func() bool {
		status, _, _ := g.ask(t, `{ counter }`)
		return status == http.StatusOK
	})
	t.Logf("figures: not ready %v after the kills; with nodes: %v; without a node: %v; served %v after the first node came back, polls every %v",
		noticed, before, o, served, pollInterval)
	if served > pollInterval*11/10+starting {
		t.Errorf("served %v after the first node came back, want one poll", served)
	}
	if code := g.health("/readyz"); code != http.StatusOK {
		t.Errorf("/readyz with a node: %d", code)
	}
}
