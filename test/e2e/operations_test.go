package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// In Chromium, the console shows an operation that hangs on a real node: its line of code,
// and the request with its client, its node and its stages.
func TestOperationsPage(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    slow: 100ms", "    timeout: 5s"))
	g.query(t, `query Counter { counter }`)
	g.query(t, `{ manyErrors hello }`)
	actOnLines(t, map[string]func(){"run": func() { g.hang(t) }}, "operations.mjs", g.admin+"/console/", node.Name)
}

// hang runs an operation that hangs until its deadline.
func (g *running) hang(t *testing.T) {
	r, err := http.NewRequest("POST", g.url+"/graphql", strings.NewReader(`{"query":"query Orders { hang(in: \"server\") }"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"Content-Type":                 {"application/json"},
		"X-Request-Id":                 {"from-the-test"},
		"Apollographql-Client-Name":    {"ios"},
		"Apollographql-Client-Version": {"1.2"},
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("status %d", resp.StatusCode)
	}
}
