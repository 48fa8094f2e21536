package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/louche-graphql/louche/test/beamtest"
)

const (
	benchDocument = `{ session { user { id name email } } }`
	benchUser     = 42
	benchTurns    = 20 // of each side in one measurement
)

// BenchmarkBridge compares three sides that return the same result for the same small
// query, at 1, 8 and 32 callers:
//
//   - erpc: processes of a BEAM node run Absinthe on another node with :erpc.call
//   - http: connections POST to the gateway, which runs Absinthe on that node
//   - nethttp: connections POST to a bare net/http server, which has the result
//
// One iteration is one request of each side. The sides take turns, so that other load on
// the machine affects all of them. CPU is the user and system time of processes: the node
// that runs Absinthe (beam), the gateway, the net/http server. The CPU of the callers does
// not count.
//
// A server that waits spends more CPU on a request than a server under load. With the
// double of Absinthe the gateway is under load, as net/http is. With the real Absinthe
// (ERL_LIBS) the gateway waits for the BEAM, so its ratio to net/http means less, and the
// other ratios mean more.
func BenchmarkBridge(b *testing.B) {
	epmd := beamtest.StartEPMD(b)
	// The CPU time of busy-waiting schedulers would count as work.
	args := []string{"+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"}
	serving := beamtest.StartNode(b, beamtest.Options{EPMDPort: epmd, Args: args})
	calling := beamtest.StartNode(b, beamtest.Options{Name: "caller@127.0.0.1", EPMDPort: epmd, Args: args})
	gateway, pid := runGateway(b, configFor(epmd,
		"    context: {current_user_id: {header: X-User-Id, type: integer}}"))

	body := fmt.Sprintf(`{"query":%q}`, benchDocument)
	status, answer := (&running{url: "http://" + gateway}).post(b, body, "X-User-Id", strconv.Itoa(benchUser))
	if status != 200 || !strings.Contains(answer, `"p42@example.com"`) {
		b.Fatal(status, answer)
	}
	bare, barePID := runNetHTTP(b, answer)

	printVersions(serving)
	beam := process{"beam", serving.PID()}
	sides := []side{
		{"erpc", newErpcLoad(b, calling, serving.Name), []process{beam}},
		{"http", newHTTPLoad(gateway, body), []process{beam, {"gateway", pid}}},
		{"nethttp", newHTTPLoad(bare, body), []process{{"server", barePID}}},
	}
	var columns []column
	for _, callers := range []int{1, 8, 32} {
		var measured metrics // of the last run, which is the longest
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			measured = measure(b, sides, callers)
			measured.report(b)
		})
		if measured != nil {
			columns = append(columns, column{callers, measured})
		}
	}
	printBudgets(columns)
}

// printVersions prints the versions by which benchstat distinguishes runs.
func printVersions(node *beamtest.Node) {
	absinthe := "double"
	if node.RealAbsinthe() {
		absinthe = "real"
	}
	fmt.Printf("otp: %s\nabsinthe: %s\n", node.OTP(), absinthe)
}

// A load sends requests.
type load interface {
	// run sends requests from concurrent callers, and returns the elapsed time. Each
	// request must succeed.
	run(b *testing.B, callers, requests int) time.Duration
}

// A side is a load and the processes whose CPU time counts.
type side struct {
	name      string
	load      load
	processes []process
}

// metrics are measured values by unit, such as erpc-req/s and http-beam-µs/req.
type metrics map[string]float64

// measure sends b.N requests of each side.
func measure(b *testing.B, sides []side, callers int) metrics {
	elapsed := make(map[string]time.Duration) // by side
	used := make(map[string]time.Duration)    // CPU, by side and process
	for turn := range benchTurns {
		requests := (turn+1)*b.N/benchTurns - turn*b.N/benchTurns
		if requests == 0 {
			continue
		}
		for _, i := range rand.Perm(len(sides)) { // garbage of one side affects all others equally
			s := sides[i]
			for _, p := range s.processes {
				used[s.name+"-"+p.name] -= p.cpu(b)
			}
			elapsed[s.name] += s.load.run(b, callers, requests)
			for _, p := range s.processes {
				used[s.name+"-"+p.name] += p.cpu(b)
			}
		}
	}
	m := make(metrics)
	for name, t := range elapsed {
		m[name+"-req/s"] = float64(b.N) / t.Seconds()
	}
	for name, t := range used {
		m[name+"-µs/req"] = float64(t.Microseconds()) / float64(b.N)
	}
	return m
}

func (m metrics) report(b *testing.B) {
	b.ReportMetric(0, "ns/op") // the sum of all sides has no meaning
	for unit, v := range m {
		b.ReportMetric(v, unit)
	}
}

type column struct {
	callers int
	metrics metrics
}

// printBudgets prints the ratios that have budgets. No line begins with a lower-case word
// and a colon, which benchstat reads as configuration.
func printBudgets(columns []column) {
	if len(columns) == 0 { // the -bench pattern matches none
		return
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprint(table, "\ncallers\t")
	for _, c := range columns {
		fmt.Fprintf(table, "%d\t", c.callers)
	}
	fmt.Fprintln(table, "budget")
	for _, row := range []struct{ title, value, base, budget string }{
		{"Requests/s, gateway ÷ :erpc.call", "http-req/s", "erpc-req/s", "≥ 0.95 with 32 callers"},
		{"CPU of the BEAM, gateway ÷ :erpc.call", "http-beam-µs/req", "erpc-beam-µs/req", "≤ 1.05"},
		{"CPU, gateway ÷ net/http alone", "http-gateway-µs/req", "nethttp-server-µs/req", "≤ 2.50 under load (45 µs where net/http takes 18 µs)"},
	} {
		fmt.Fprintf(table, "%s\t", row.title)
		for _, c := range columns {
			fmt.Fprintf(table, "%.2f\t", c.metrics[row.value]/c.metrics[row.base])
		}
		fmt.Fprintln(table, row.budget)
	}
}
