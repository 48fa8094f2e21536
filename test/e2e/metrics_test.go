package e2e_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// metric returns the value of a series of GET /metrics, or -1 if there is none.
func (g *running) metric(t testing.TB, series string) float64 {
	t.Helper()
	status, text := sdl(t, g.admin+"/metrics")
	if status != 200 {
		t.Fatalf("GET /metrics: %d %s", status, text)
	}
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, series+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			return value
		}
	}
	return -1
}

func (g *running) expectMetrics(t *testing.T, want map[string]float64) {
	t.Helper()
	for series, value := range want {
		if got := g.metric(t, series); got != value {
			t.Errorf("%s is %v, want %v", series, got, value)
		}
	}
}

func TestMetrics(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	a := beamtest.StartNode(t, beamtest.Options{Name: "testapp-a@127.0.0.1", EPMDPort: epmd})
	b := beamtest.StartNode(t, beamtest.Options{Name: "testapp-b@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, configFor(epmd, "    contract: {validate: enforce}", "    timeout: 1m"))
	eventually(t, "both have told their schema", func() bool {
		_, nodes := g.schemas(t)
		return nodes[a.Name] != "" && nodes[b.Name] != ""
	})
	g.query(t, `{ counter }`)
	g.query(t, `{ counter }`)
	g.query(t, `{ nope }`)
	g.query(t, `{ throw }`)
	g.post(t, `[{"query":"{ counter }"},{"query":"{ throw }"}]`)
	g.post(t, `{"query":1}`)
	g.query(t, `{ manyErrors hello }`)
	g.query(t, `{ hello `)
	g.expectMetrics(t, map[string]float64{
		`louche_requests_total{app="/graphql",code="OK"}`:                        5,
		`louche_graphql_errors_total{app="/graphql",outcome="null_data"}`:        0,
		`louche_graphql_errors_total{app="/graphql",outcome="partial"}`:          1,
		`louche_graphql_errors_total{app="/graphql",outcome="unexecuted"}`:       1,
		`louche_requests_total{app="/graphql",code="INTERNAL"}`:                  2,
		`louche_requests_total{app="/graphql",code="BAD_REQUEST"}`:               1,
		`louche_requests_total{app="/graphql",code="GRAPHQL_VALIDATION_FAILED"}`: 1,
		`louche_request_duration_seconds_count{app="/graphql"}`:                  9,
		`louche_request_duration_seconds_bucket{app="/graphql",le="30"}`:         9,
		`louche_validations_total{app="/graphql",result="refused"}`:              1,
		`louche_nodes{app="/graphql",state="connected"}`:                         2,
		`louche_nodes{app="/graphql",state="connecting"}`:                        0,
		`louche_node_breaker{app="/graphql",node="testapp-a@127.0.0.1"}`:         0,
		`louche_node_calls_in_flight{app="/graphql",node="testapp-b@127.0.0.1"}`: 0,
		`louche_schemas{app="/graphql"}`:                                         1,
		`louche_retries_total{app="/graphql"}`:                                   0,
		`louche_overloaded_total{app="/graphql"}`:                                0,
		`louche_calls_queued{app="/graphql"}`:                                    0,
		`louche_operations_in_flight`:                                            0,
		`louche_draining`:                                                        0,
	})
	if latency := g.metric(t, `louche_node_latency_seconds{app="/graphql",node="testapp-a@127.0.0.1"}`) +
		g.metric(t, `louche_node_latency_seconds{app="/graphql",node="testapp-b@127.0.0.1"}`); latency <= 0 || latency > 30 {
		t.Errorf("latencies are %v s together", latency)
	}
	if g.metric(t, `louche_connections{protocol="http/1.1"}`) < 1 {
		t.Error("the connection of the scrape is not there")
	}

	slow := g.async(t, sleep)
	eventually(t, "it runs", func() bool { return strings.Contains(a.Output()+b.Output(), "sleeping ") })
	g.expectMetrics(t, map[string]float64{
		`louche_operations_in_flight`:                     1,
		`louche_calls_in_flight{app="/graphql"}`:          1,
		`louche_requests_total{app="/graphql",code="OK"}`: 5,
	})
	for _, n := range []*beamtest.Node{a, b} {
		n.Wake(t)
	}
	<-slow

	g.operate(t, "/nodes/"+a.Name+"/drain")
	g.expectMetrics(t, map[string]float64{
		`louche_nodes{app="/graphql",state="connected"}`: 1,
		`louche_nodes{app="/graphql",state="draining"}`:  1,
	})
	rename(t, b, "sleep", "slumber")
	eventually(t, "the schemas differ", func() bool { return g.metric(t, `louche_schemas{app="/graphql"}`) == 2 })

	// A reload that replaces the application keeps its counters.
	g.configure(t, configFor(epmd, "    contract: {validate: enforce}", "    timeout: 50s"))
	eventually(t, "it is reloaded", func() bool { return strings.Contains(g.log.String(), "configuration reloaded") })
	g.expectMetrics(t, map[string]float64{
		`louche_requests_total{app="/graphql",code="OK"}`:               6,
		`louche_graphql_errors_total{app="/graphql",outcome="partial"}`: 1,
		`louche_validations_total{app="/graphql",result="refused"}`:     1,
	})
	if status, _ := sdl(t, g.url+"/metrics"); status != 404 {
		t.Errorf("on the clients' listener: %d", status)
	}
}

// A reload that replaces an application's pool keeps the pool's counts.
func TestReloadKeepsPoolCounts(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	n := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	load := "    load: {in_flight: 1, queue_time: 1ms}"
	g := startGateway(t, configFor(epmd, load, "    timeout: 1m"))
	slow := g.async(t, sleep)
	eventually(t, "it runs", func() bool { return strings.Contains(n.Output(), "sleeping ") })
	if status, answer := g.query(t, `{ counter }`); status != 503 {
		t.Fatalf("past the limit: %d %s", status, answer)
	}
	n.Wake(t)
	<-slow
	g.configure(t, configFor(epmd, load, "    timeout: 50s"))
	eventually(t, "it is reloaded", func() bool { return strings.Contains(g.log.String(), "configuration reloaded") })
	g.expectMetrics(t, map[string]float64{`louche_overloaded_total{app="/graphql"}`: 1})
}

// The figures of a node's runtime are in /status and in the metrics.
func TestFiguresOfNodes(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Args: []string{"+P", "1024"}})
	node.Eval(t, `for _ <- 1..850 do spawn(fn -> Process.sleep(:infinity) end) end`)
	g := startGateway(t, configFor(epmd)) // has the figures of a node for two seconds
	otp := strings.Trim(node.OTP(), `"`)
	elixir := strings.Trim(node.Eval(t, "System.version()"), `"`)
	labels := `{node="` + node.Name + `"`
	eventually(t, "the node has told its figures", func() bool { // a scrape does not wait for a slow node
		return g.metric(t, `louche_beam_info{elixir="`+elixir+`"`+`,node="`+node.Name+`",otp="`+otp+`"}`) == 1
	})
	g.expectMetrics(t, map[string]float64{
		`louche_beam_table_limit` + labels + `,table="processes"}`:       1024,
		`louche_beam_table_nearly_full` + labels + `,table="processes"}`: 1,
		`louche_beam_table_nearly_full` + labels + `,table="atoms"}`:     0,
	})
	for _, series := range []string{"uptime_seconds" + labels + "}", "schedulers" + labels + "}", `memory_bytes{kind="processes",node="` + node.Name + `"}`, "table_entries" + labels + `,table="ets_tables"}`} {
		if got := g.metric(t, "louche_beam_"+series); got <= 0 {
			t.Errorf("%s is %v", series, got)
		}
	}
	var status struct {
		Apps []struct {
			Nodes []struct {
				BEAM struct {
					OTP, Elixir string
					Tables      map[string]struct{ Count, Limit int }
					NearlyFull  []string `json:"nearly_full"`
				}
			}
		}
	}
	if code, text := sdl(t, g.admin+"/status"); code != 200 || json.Unmarshal([]byte(text), &status) != nil {
		t.Fatalf("GET /status: %d %s", code, text)
	}
	beam := status.Apps[0].Nodes[0].BEAM
	if beam.OTP != otp || beam.Elixir != elixir || beam.Tables["processes"].Limit != 1024 || !slices.Equal(beam.NearlyFull, []string{"processes"}) {
		t.Errorf("%+v", beam)
	}
}
