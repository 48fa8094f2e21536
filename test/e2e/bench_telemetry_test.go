package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
	"github.com/louche-graphql/louche/test/bench"
)

// A watched gateway has sections and lines of its application of its own, and a watcher
// while it runs, or none.
type watched struct {
	name  string
	yaml  string // beside apps
	app   string // a line of the application's section
	watch func(b *testing.B, g bench.Gateway)
}

func benchWatched(collector string) []watched {
	const allTraced = "traces: {sample: 1, endpoint: "
	return []watched{
		{name: "failed-requests-logged"}, // the default, with log_metadata; the others are compared with it
		{name: "the-same-again"},         // shows the error of the measurement
		{name: "log-all", yaml: "log: {access: 1, format: json}\n"},
		{name: "log-1%", yaml: "log: {access: 0.01, format: json}\n"},
		{name: "traces-0%", yaml: "traces: {endpoint: " + collector + "}\n"},
		{name: "traces-1%", yaml: "traces: {sample: 0.01, endpoint: " + collector + "}\n"},
		{name: "traces-100%", yaml: allTraced + collector + "}\n"},
		{name: "trace_context-100%", yaml: allTraced + collector + "}\n", app: "    trace_context: on\n"},
		{name: "log_metadata-off", app: "    log_metadata: off\n"},
		{name: "metrics-every-second", watch: scrape},
		{name: "console-open", watch: openConsole},
	}
}

// scrape reads the metrics once a second.
func scrape(b *testing.B, g bench.Gateway) {
	ticker := time.NewTicker(time.Second)
	b.Cleanup(ticker.Stop)
	go func() {
		for range ticker.C {
			if resp, err := http.Get("http://" + g.Admin + "/metrics"); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
	}()
}

// openConsole reads what the page of the console reads.
func openConsole(b *testing.B, g bench.Gateway) {
	resp, err := http.Get("http://" + g.Admin + "/console/events")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { resp.Body.Close() })
	events := bufio.NewReader(resp.Body)
	if _, err := events.ReadString('\n'); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
	go io.Copy(io.Discard, events)
}

// BenchmarkTelemetryFeatures measures what logs, traces, metrics and the console cost the
// gateway and the node: 8 callers, one node, a gateway for each. The gateways take turns.
func BenchmarkTelemetryFeatures(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	b.Cleanup(collector.Close)
	epmd := beamtest.StartEPMD(b)
	node := beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd, Args: []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}})
	node.LoadOpenTelemetry(b)
	fmt.Printf("OTP %s, real Absinthe: %v\n", node.OTP(), node.RealAbsinthe())
	request := feature{name: "graphql", body: fmt.Sprintf(`{"query":%q}`, benchDocument), header: []string{userHeader}, answers: userAnswer}
	binary := bench.Build(b)
	var candidates []bench.Candidate
	for i, w := range benchWatched(collector.URL) {
		g := binary.Start(b, fmt.Sprintf(`node: {name: louche-%d@127.0.0.1, cookie_file: %s}
trusted_proxies: [127.0.0.0/8]
%sapps:
  - schema: TestApp.Schema
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d}
    context: {current_user_id: {header: X-User-Id, type: integer}}
%s`, i, cookieFile, w.yaml, epmd, w.app))
		request.check(b, g.Address)
		if w.watch != nil {
			w.watch(b, g)
		}
		candidates = append(candidates, bench.Candidate{
			Name: w.name, Load: bench.NewHTTP(g.Address, request.request(g.Address)),
			Processes: []bench.Process{{Name: "gateway", PID: g.PID}, {Name: "node", PID: node.PID()}},
		})
	}
	turns := 20
	if bench.Short() {
		turns = 1
	}
	results, err := bench.Compare(candidates, 8, turns, 300*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(0, "ns/op") // the sum of all gateways has no meaning
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	io.WriteString(table, "\nGATEWAY\tREQUESTS/S\tRATIO\tGATEWAY CPU, µs\tMORE, µs\tNODE CPU, µs\tMORE, µs\n")
	first := results[0]
	for _, r := range results {
		rate, gateway, node := r.Rate.Median(), r.CPU["gateway"].Median(), r.CPU["node"].Median()
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.1f\t%+.1f\t%.1f\t%+.1f\n", r.Name, rate, rate/first.Rate.Median(),
			gateway, gateway-first.CPU["gateway"].Median(), node, node-first.CPU["node"].Median())
	}
}
