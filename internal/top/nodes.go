package top

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

var nodeColumns = []column{
	{name: "NODE", text: true, node: true},
	{name: "STATE", width: 10, text: true},
	{name: "CALLS/S", width: 7},
	{name: "FAILED", width: 6},
	{name: "P50", width: 7},
	{name: "P99", width: 7},
	{name: "FLIGHT", width: 6},
	{name: "RUNQ", width: 4},
	{name: "MEMORY", width: 7},
	{name: "PROCESSES", width: 9, wide: true},
	{name: "OTP", width: 4, wide: true},
	{name: "SCHEMA", width: 8, text: true, wide: true},
	{name: "ADDRESS", width: 21, text: true, wide: true},
}

const stateColumn = 1

// nodeLines returns the applications with their nodes, and the line of the selected node.
func (m model) nodeLines() (lines []string, selected int) {
	t := table{nodeColumns, m.width}
	row := 0
	for _, app := range m.history.now().Apps {
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, m.appLine(&app))
		if len(app.Schemas) > 1 {
			lines = append(lines, warn.Styled(fmt.Sprintf("The nodes have %d different schemas: %s", len(app.Schemas), printable(strings.Join(app.Schemas, ", ")))))
		}
		for _, problem := range app.Problems {
			lines = append(lines, bad.Styled(printable(problem)))
		}
		lines = append(lines, t.header())
		for i := range app.Nodes {
			n := &app.Nodes[i]
			styles := map[int]ansi.Style{stateColumn: styleOf(n.state())}
			if row == m.selected {
				selected = len(lines)
				styles[0] = mark
			}
			lines = append(lines, t.row(n.cells(m.history.ofNode(app.Path, n)), styles))
			row++
		}
		for _, gone := range m.history.gone {
			if gone.path == app.Path {
				lines = append(lines, t.row(gone.cells(), map[int]ansi.Style{stateColumn: styleOf("gone")}))
			}
		}
	}
	return lines, selected
}

func (m model) appLine(app *App) string {
	r := m.history.ofApp(app.Path)
	return bold.Styled(printable(app.Path)) + fmt.Sprintf(" %s  %s req/s, %s errors, %s failed, p50 %s, p99 %s, %d in flight, %d queued",
		printable(app.Schema), number(r.perSecond), percent(r.withErrors), percent(r.failed), duration(r.p50), duration(r.p99), app.InFlight, app.Queued)
}

func (n *Node) cells(r rates) []string {
	queue, memory, processes, otp := "-", "-", "-", "-"
	if b := n.BEAM; b != nil {
		queue, memory, processes, otp = fmt.Sprint(b.RunQueue), bytes(b.MemoryBytes.Total), number(b.Tables.Processes.Count), b.OTP
	}
	return []string{
		printable(n.Name), n.state(),
		number(r.perSecond), percent(r.failed), duration(r.p50), duration(r.p99), fmt.Sprint(n.InFlight),
		queue, memory, processes, printable(otp), cmp.Or(printable(n.SchemaHash), "-"), printable(n.Address),
	}
}

func (g *goneNode) cells() []string {
	cells := make([]string, len(nodeColumns))
	for i := range cells {
		cells[i] = "-"
	}
	cells[0], cells[stateColumn] = printable(g.node.Name), "gone"
	return cells
}

// detail says why a node gets no calls, and which tables of its runtime are nearly full.
func (n *Node) detail() string {
	var parts []string
	if n.Problem != "" {
		parts = append(parts, n.Problem)
	}
	if n.BEAM != nil && len(n.BEAM.NearlyFull) > 0 {
		parts = append(parts, "nearly full: "+strings.Join(n.BEAM.NearlyFull, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return n.Name + ": " + strings.Join(parts, "; ")
}
