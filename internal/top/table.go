package top

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A column of a table. Numbers are aligned on the right.
type column struct {
	name  string
	width int // 0: what the others leave
	text  bool
	node  bool // a node's name, whose end matters more than its begin
	wide  bool // left out where the terminal has fewer than 110 columns
}

// wideTerminal is the width from which on wide columns are shown.
const wideTerminal = 110

// A table lays out rows in the width of a terminal.
type table struct {
	columns []column
	width   int
}

// row returns a line with a cell for each column, in styles by column. Cells of columns that
// are left out are ignored.
func (t table) row(cells []string, styles map[int]ansi.Style) string {
	var line []string
	for i, c := range t.columns {
		if c.wide && t.width < wideTerminal {
			continue
		}
		cell, width := cells[i], t.widthOf(c)
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

func (t table) widthOf(c column) int {
	if c.width > 0 {
		return c.width
	}
	rest := t.width
	for _, other := range t.columns {
		if !other.wide || t.width >= wideTerminal {
			rest -= other.width + 1
		}
	}
	return max(8, rest+1)
}
