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
