package top

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Styles. The program leaves the colours out if NO_COLOR is set.
var (
	bold = ansi.Style{}.Bold()
	good = ansi.Style{}.ForegroundColor(ansi.Green)
	warn = ansi.Style{}.ForegroundColor(ansi.Yellow)
	bad  = ansi.Style{}.ForegroundColor(ansi.Red)
	mark = ansi.Style{}.Reverse(true)
)

// styleOf is the style of a state.
func styleOf(state string) ansi.Style {
	switch state {
	case "up":
		return good
	case "connecting", "ejected", "lacking", "gone":
		return bad
	}
	return warn
}

// View implements tea.Model.
func (m model) View() tea.View {
	v := tea.NewView(m.screen())
	v.AltScreen = true
	v.WindowTitle = "louche top"
	return v
}

// screen returns as many lines as the terminal has, none wider than it.
func (m model) screen() string {
	head, foot := m.head(), m.foot()
	body, at := m.body()
	room := max(0, m.height-len(head)-len(foot))
	if first := max(0, min(at-room/2, len(body)-room)); first > 0 {
		body = body[first:]
	}
	body = body[:min(room, len(body))]
	lines := append(head, body...)
	for len(lines) < m.height-len(foot) {
		lines = append(lines, "")
	}
	lines = append(lines, foot...)
	for i, line := range lines[:min(len(lines), m.height)] {
		lines[i] = ansi.Truncate(line, m.width, "…")
	}
	return strings.Join(lines[:min(len(lines), m.height)], "\n")
}

func (m model) head() []string {
	tabs := bold.Styled("Nodes") + "  Operations"
	if m.showOperations {
		tabs = "Nodes  " + bold.Styled("Operations")
	}
	title := bold.Styled("louche top") + "  " + tabs + "  " + printable(m.address)
	if m.problem != "" {
		head := []string{title}
		for line := range strings.Lines(ansi.Wrap(printable(m.problem), m.width, "/")) {
			head = append(head, bad.Styled(strings.TrimSuffix(line, "\n")))
		}
		return append(head, "")
	}
	s := m.history.now()
	state := "up"
	if s.Draining {
		state = "stopping, up"
	}
	return []string{title, fmt.Sprintf("%s for %s, %d connections, %d in flight, %s",
		state, span(s.UptimeSeconds), s.Connections, s.InFlight, bytes(s.MemoryBytes)), ""}
}

// foot has the reason of the selected node's state, and the keys or a question.
func (m model) foot() []string {
	detail := ""
	if row := m.selectedNode(); row != nil && !m.showOperations {
		detail = printable(m.history.now().node(row.path, row.name).detail())
	}
	if m.news != "" {
		detail = printable(m.news)
	}
	keys := "q quit  tab operations  ↑↓ select  d drain or undrain"
	switch {
	case m.asking != nil:
		verb := "Drain"
		if m.asking.drained {
			verb = "Undrain"
		} else if paths := m.history.now().emptied(m.asking.name); len(paths) > 0 {
			detail = bad.Styled(printable("no other node gets calls of " + strings.Join(paths, " and ") + ": clients will get 503"))
		}
		keys = mark.Styled(fmt.Sprintf("%s %s? y: yes, any other key: no", verb, printable(m.asking.name)))
	case m.showOperations:
		keys = "q quit  tab nodes"
	}
	return []string{"", detail, keys}
}

// body returns the lines of the tables, and which one is selected.
func (m model) body() (lines []string, selected int) {
	switch {
	case m.history.now() == nil:
		return nil, 0
	case m.showOperations:
		return m.operationLines(), 0
	}
	return m.nodeLines()
}
