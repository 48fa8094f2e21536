package bench

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A panel shows how throughput and memory change with one quantity.
type panel struct {
	quantity string
	points   []point
}

type point struct {
	x             float64 // of the quantity
	rate          float64 // requests a second
	gateway, node float64 // memory, in MB; node 0: not measured
}

// BenchmarkGrowth measures throughput and memory of the gateway against the number of
// connections, documents and nodes, and the size of answers.
func BenchmarkGrowth(b *testing.B) {
	panels := []panel{growthOfConnections(b), growthOfAnswers(b), growthOfNodes(b),
		growthOfDocuments(b, "different documents, 32 connections", ""),
		growthOfDocuments(b, "different documents with prepare, 32 connections", prepared)}
	b.ReportMetric(0, "ns/op")
	for _, p := range panels {
		p.print()
	}
	if *chart != "" {
		drawGrowth(b, *chart, panels)
	}
}

// upTo returns the values up to a limit, which is lower in a short run.
func upTo(short float64, values ...float64) (chosen []float64) {
	for _, v := range values {
		if !Short() || v <= short {
			chosen = append(chosen, v)
		}
	}
	return chosen
}

// add measures a load and adds a point.
func (p *panel) add(b *testing.B, x float64, load *HTTP, callers int, gateway Gateway, node *beamtest.Node) {
	defer load.Close()
	load.run(b, callers, *duration)
	if load.cycle > 0 {
		for load.differs.Load() < 3*load.cycle { // all is cached that will be
			load.run(b, callers, *duration)
		}
	}
	run := load.run(b, callers, *duration)
	at := point{x: x, rate: float64(run.Requests) / run.Elapsed.Seconds(), gateway: megabytes(b, gateway.PID)}
	if node != nil {
		at.node = megabytes(b, node.PID())
	}
	p.points = append(p.points, at)
}

func (l *HTTP) run(b *testing.B, callers int, duration time.Duration) Run {
	run, err := l.Run(callers, duration)
	if err != nil {
		b.Fatal(err)
	}
	return run
}

func megabytes(b *testing.B, pid int) float64 {
	bytes, err := Process{"", pid}.memory()
	if err != nil {
		b.Fatal(err)
	}
	return float64(bytes) / 1e6
}

// startOne starts a gateway with one node.
func startOne(b *testing.B, lines string) (Gateway, *beamtest.Node) {
	epmd := beamtest.StartEPMD(b)
	node := startNode(b, epmd, "testapp@127.0.0.1")
	loadSchema(b, node)
	return StartGateway(b, configuration(b, beamtest.DefaultCookie)+application("/graphql", "Bench.Schema", "testapp", epmd)+lines), node
}

func growthOfConnections(b *testing.B) panel {
	p := panel{quantity: "connections, all busy"}
	gateway, node := startOne(b, "")
	for _, n := range upTo(100, 1, 10, 100, 1000, 10_000) {
		p.add(b, n, workloads[0].http(gateway.Address, "/graphql"), int(n), gateway, node)
	}
	return p
}

func growthOfAnswers(b *testing.B) panel {
	p := panel{quantity: "KB of an answer, 2 connections"}
	gateway, node := startOne(b, "")
	for _, n := range upTo(1000, 1, 10, 100, 1000, 10_000, 50_000) {
		w := workload{document: lines, variables: fmt.Sprintf(`{"n":%.0f}`, n)}
		p.add(b, n, w.http(gateway.Address, "/graphql"), 2, gateway, node)
	}
	return p
}

func growthOfDocuments(b *testing.B, quantity, lines string) panel {
	p := panel{quantity: quantity}
	gateway, node := startOne(b, lines)
	for _, n := range upTo(100, 1, 10, 100, 1000, 10_000, 100_000) {
		w := workload{document: "{ d" + Mark + ": session { user { id name email } } }", variables: "{}"}
		load := w.http(gateway.Address, "/graphql")
		load.cycle = int64(n)
		p.add(b, n, load, 32, gateway, node)
	}
	return p
}

// growthOfNodes has embedded nodes, in the process of the clients.
func growthOfNodes(b *testing.B) panel {
	p := panel{quantity: "nodes, 32 connections"}
	const cookie = "a-cookie-of-the-benchmark"
	for _, n := range upTo(10, 1, 10, 50, 200) {
		names := make([]string, int(n))
		for i := range names {
			names[i] = fmt.Sprintf("demo-%d", i)
		}
		cluster, err := demo.StartCluster(demo.NewBackend(), cookie, names...)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(cluster.Stop)
		gateway := StartGateway(b, configuration(b, cookie)+application("/graphql", demo.Schema, "demo", int(cluster.EPMDPort)))
		waittest.Until(b, "all nodes are connected", func() bool { return slices.Equal(gateway.Nodes(), []int{int(n)}) })
		p.add(b, n, workloads[0].http(gateway.Address, "/graphql"), 32, gateway, nil)
	}
	return p
}

func (p panel) print() {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer table.Flush()
	fmt.Fprintf(table, "\n%s\trequests/s\tgateway, MB\tnode, MB\t\n", p.quantity)
	for _, at := range p.points {
		fmt.Fprintf(table, "%.0f\t%.1f\t%.0f\t", at.x, at.rate, at.gateway)
		if at.node > 0 {
			fmt.Fprintf(table, "%.0f", at.node)
		}
		fmt.Fprintln(table, "\t")
	}
}
