package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// goldenConfig are applications for golden cases. Some cases need context of several types.
const goldenConfig = `node: {name: louche@127.0.0.1, cookie_file: %s}
trusted_proxies: [127.0.0.0/8]
apps:
  - &user
    path: /graphql
    schema: TestApp.Schema
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d, interval: 100ms}
    context: {current_user_id: {header: X-User-Id, type: integer}}
  - &types
    <<: *user
    path: /several-types
    context:
      current_user_id: {header: X-User-Id, type: integer}
      locale: {value: de}
      none: {value: null}
      ratio: {value: 0.5}
      roles: {value: [admin, ops]}
      scope: {value: {tenant: acme, trial: false}}
`

// postGolden sends the case to the applications whose paths begin with prefix.
func postGolden(t *testing.T, g *running, prefix string, c goldentest.Case) (status int, answer string) {
	t.Helper()
	path, header := "/graphql", []string(nil)
	switch c.Context {
	case "%{}":
	case "%{current_user_id: 42}":
		header = []string{"X-User-Id", "42"}
	case "%{current_user_id: 1}":
		header = []string{"X-User-Id", "1"}
	default:
		path, header = "/several-types", []string{"X-User-Id", "42"}
	}
	body, _ := json.Marshal(map[string]any{"query": c.Query, "variables": c.Variables, "operationName": c.OperationName})
	return g.postTo(t, prefix+path, string(body), header...)
}

func TestGoldenCases(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, fmt.Sprintf(goldenConfig, cookieFile, epmd))
	for _, c := range goldentest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			status, answer := postGolden(t, g, "", c)
			if status != http.StatusOK || !reflect.DeepEqual(value(t, answer), value(t, c.JSON)) {
				t.Errorf("status %d\ngot  %s\nwant %s", status, answer, c.JSON)
			}
		})
	}
}

// Answers from prepared documents are those from the text, byte for byte.
func TestGoldenCasesPrepared(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, fmt.Sprintf(goldenConfig+`  - {<<: *user, path: /prepared/graphql, prepare: on}
  - {<<: *types, path: /prepared/several-types, prepare: on}
`, cookieFile, epmd))
	cases := goldentest.Cases(t)
	// compare sends each case to both, and returns how many of them ran from prepared
	// documents.
	compare := func() (prepared float64) {
		calls := func() float64 {
			return g.metric(t, `louche_prepared_calls_total{app="/prepared/graphql"}`) + g.metric(t, `louche_prepared_calls_total{app="/prepared/several-types"}`)
		}
		before := calls()
		for _, c := range cases {
			status, want := postGolden(t, g, "", c)
			if s, got := postGolden(t, g, "/prepared", c); s != status || got != want {
				t.Fatalf("%s: status %d, from the text %d\ngot  %s\nwant %s", c.Name, s, status, got, want)
			}
		}
		return calls() - before
	}
	resolved := 0
	for _, c := range cases {
		if value(t, c.JSON).(map[string]any)["data"] != nil {
			resolved++
		}
	}
	eventually(t, "the node has prepared the documents", func() bool { return compare() >= float64(resolved) })
	for range 3 {
		compare()
	}
}
