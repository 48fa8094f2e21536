package top

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// Messages of the program, besides those of the terminal.
type (
	sampleMsg Sample
	lostMsg   struct{ err error } // the stream has ended
	drainMsg  struct {            // a drain has ended
		nodeRow
		err error
	}
)

// nodeRow identifies a node in the table, and says whether it is drained.
type nodeRow struct {
	path, name string
	drained    bool
}

// model is the state of the screen. It changes in Update alone.
type model struct {
	address    string
	setDrained func(ctx context.Context, node string, drained bool) error

	width, height  int
	history        history
	problem        string // why there is no stream; empty: there is one
	showOperations bool
	selected       int      // row of the nodes' table
	asking         *nodeRow // the node to drain or undrain; nil: no question is open
	news           string   // of the last drain
}

// newModel returns the model of an empty screen.
func newModel(address string, setDrained func(ctx context.Context, node string, drained bool) error) model {
	return model{address: address, setDrained: setDrained, width: 80, height: 24, problem: "connecting"}
}

// Init implements tea.Model.
func (m model) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case sampleMsg:
		selected := m.selectedNode()
		m.history = m.history.with(Sample(msg))
		m.problem = ""
		m.selectNode(selected)
	case lostMsg:
		m.problem = msg.err.Error()
	case drainMsg:
		m.news = msg.result()
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return m, nil
}

func (m model) press(key string) (tea.Model, tea.Cmd) {
	m.news = ""
	if m.asking != nil {
		return m.answer(key)
	}
	switch key {
	case "q", "esc", "ctrl+c":
		return m, tea.Quit
	case "tab", "shift+tab":
		m.showOperations = !m.showOperations
	case "n":
		m.showOperations = false
	case "o":
		m.showOperations = true
	case "up", "k":
		m.selected--
	case "down", "j":
		m.selected++
	case "home", "g":
		m.selected = 0
	case "end", "G":
		m.selected = len(m.nodeRows()) - 1
	case "d":
		if node := m.selectedNode(); node != nil && !m.showOperations {
			m.asking = node
		}
	}
	m.selected = max(0, min(m.selected, len(m.nodeRows())-1))
	return m, nil
}

// answer takes the answer to the question whether to drain a node. Every key but y means no.
func (m model) answer(key string) (tea.Model, tea.Cmd) {
	node := *m.asking
	m.asking = nil
	switch key {
	case "ctrl+c":
		return m, tea.Quit
	case "y", "Y":
		return m, func() tea.Msg {
			node.drained = !node.drained
			return drainMsg{node, m.setDrained(context.Background(), node.name, node.drained)}
		}
	}
	return m, nil
}

func (d drainMsg) result() string {
	switch {
	case d.err != nil:
		return d.name + ": " + d.err.Error()
	case d.drained:
		return d.name + " gets no new calls"
	}
	return d.name + " gets calls again"
}

// nodeRows are the nodes in the order of the table, without those that are gone.
func (m model) nodeRows() (rows []nodeRow) {
	if now := m.history.now(); now != nil {
		for _, app := range now.Apps {
			for _, n := range app.Nodes {
				rows = append(rows, nodeRow{app.Path, n.Name, n.State == "draining"})
			}
		}
	}
	return rows
}

// selectedNode returns the node of the selected row; nil: there is none.
func (m model) selectedNode() *nodeRow {
	if rows := m.nodeRows(); m.selected < len(rows) {
		return &rows[m.selected]
	}
	return nil
}

// selectNode keeps the selection at a node, whose row may have changed. A node that has gone
// leaves it to the next one, and ends a question about it.
func (m *model) selectNode(node *nodeRow) {
	rows := m.nodeRows()
	for i, row := range rows {
		if node != nil && row.path == node.path && row.name == node.name {
			m.selected = i
			return
		}
	}
	m.selected = max(0, min(m.selected, len(rows)-1))
	m.asking = nil
}
