package e2e_test

import (
	"slices"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// In Chromium, GraphiQL runs operations on a real node.
func TestExplore(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	runClient(t, "explore.mjs", g.url+"/graphql")
	if ids := node.Appended(t); !slices.Equal(ids, []string{"graphiql", "graphiql"}) {
		t.Errorf("mutations of the page: %q", ids)
	}
}

// In Chromium, GraphiQL shows the results of a subscription until it is stopped.
func TestExploreSubscribes(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.AddEvents(t)
	g := startGateway(t, configFor(epmd, subscriptions))
	before := node.Subscribers(t)
	actOnLines(t, map[string]func(){
		"publish": func() {
			eventually(t, "the page is subscribed", func() bool { return node.Subscribers(t) != before })
			node.Publish(t, "news", `"first"`)
		},
		"publish again": func() { node.Publish(t, "news", `"second"`) },
		"stopped": func() {
			eventually(t, "the subscription has ended", func() bool { return node.Subscribers(t) == before })
		},
	}, "subscribe.mjs", g.url+"/graphql")
}
