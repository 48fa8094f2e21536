package top

import (
	"cmp"

	"github.com/charmbracelet/x/ansi"
)

var operationColumns = []column{
	{name: "OPERATION", text: true},
	{name: "KIND", width: 12, text: true},
	{name: "REQ/S", width: 6},
	{name: "ERRORS", width: 6},
	{name: "FAILED", width: 6},
	{name: "P50", width: 7},
	{name: "P99", width: 7},
	{name: "BUSY", width: 6},
	{name: "REQUESTS", width: 9, wide: true},
	{name: "SLOW", width: 6, wide: true},
	{name: "PATH", width: 20, text: true, wide: true},
}

const failedColumn = 4

// operationLines returns the table of operations, for the latest ten seconds. BUSY is how many
// of its requests are under way on average. ERRORS is the share of answers with errors, FAILED that
// of answers without data.
func (m model) operationLines() []string {
	t := table{operationColumns, m.width}
	lines := []string{t.header()}
	for _, o := range m.history.operations() {
		styles := make(map[int]ansi.Style)
		if o.failed > 0 {
			styles[failedColumn] = bad
		}
		lines = append(lines, t.row([]string{
			printable(cmp.Or(o.Name, "(anonymous)")), printable(cmp.Or(o.Kind, "(refused)")),
			number(o.perSecond), percent(o.withErrors), percent(o.failed), duration(o.p50), duration(o.p99), number(o.busy),
			number(float64(o.Requests)), number(float64(o.Slow)), printable(o.Path),
		}, styles))
	}
	return lines
}
