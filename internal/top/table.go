package top

import (
	"cmp"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A column of a table. Numbers are aligned on the right.
type column struct {
	name  string
	width int // 0: what the others leave
	text  bool
	node  bool // a node's name, whose end matters more than its begin
	wide  bool // left out where it would leave less than minRest, the rightmost first
}

// minRest is the width of a name that can be told from others.
const minRest = 28

// A table lays out rows in the width of a terminal.
type table struct {
	columns []column
	width   int
}

// row returns a line with a cell for each column, in styles by column. Cells of columns that
// are left out are ignored.
func (t table) row(cells []string, styles map[int]ansi.Style) string {
	var line []string
	shown, rest := t.layout()
	for i, c := range t.columns {
		if !shown[i] {
			continue
		}
		cell, width := cells[i], cmp.Or(c.width, rest)
		if c.node {
			cell = shortName(cell, width)
		}
		cell = fit(cell, width, !c.text)
		if style, styled := styles[i]; styled {
			cell = style.Styled(cell)
		}
		line = append(line, cell)
	}
	return strings.Join(line, " ")
}

func (t table) header() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return bold.Styled(t.row(names, nil))
}

// layout returns which columns are shown, and the width that they leave to the one without.
func (t table) layout() (shown []bool, rest int) {
	rest = t.width + 1
	for _, c := range t.columns {
		shown = append(shown, true)
		rest -= c.width + 1
	}
	for i, c := range slices.Backward(t.columns) {
		if c.wide && rest < minRest {
			shown[i] = false
			rest += c.width + 1
		}
	}
	return shown, max(8, rest)
}
