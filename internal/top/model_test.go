package top

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var bounds = []float64{0.001, 0.01, 0.1}

// sampleAt is a sample of a gateway that has run for some seconds, with these nodes. Each node
// has answered ten calls a second, one of ten without a result.
func sampleAt(seconds uint64, nodes ...string) Sample {
	counts := Counts{
		Requests: 10 * seconds, Failed: seconds, WithErrors: 3 * seconds,
		Histogram: []uint64{0, 10 * seconds, 0, 0}, HistogramSeconds: []float64{0, 0.06 * float64(seconds), 0, 0}, MaxSeconds: 1, LatestMaxSeconds: 0.008,
	}
	ended := Ended{OK: 9 * seconds, Bounds: bounds, Counts: counts}
	app := App{Path: "/graphql", Schema: "MyApp.Schema"}
	for _, name := range nodes {
		app.Nodes = append(app.Nodes, Node{Name: name, Address: "10.0.0.1:4000", State: "connected", Breaker: "closed", Ended: ended, SchemaHash: "1f0c2e44"})
	}
	return Sample{
		UptimeSeconds: float64(seconds),
		Apps:          []App{app},
		Requests:      map[string]Counts{"/graphql": counts},
		Bounds:        bounds,
		Operations: []OperationCounters{
			{Path: "/graphql", Kind: "query", Name: "Idle", Counts: Counts{Requests: 1000, Seconds: 1000, Histogram: []uint64{1000, 0, 0, 0}, HistogramSeconds: make([]float64, 4)}},
			{Path: "/graphql", Kind: "mutation", Name: "PlaceOrder", Counts: Counts{
				Requests: 10 * seconds, Failed: 4 * seconds, WithErrors: 5 * seconds, Seconds: 2 * float64(seconds),
				Histogram: []uint64{0, 0, 0, 10 * seconds}, HistogramSeconds: []float64{0, 0, 0, 2 * float64(seconds)}, MaxSeconds: 0.2,
			}},
		},
	}
}

// drains records which nodes were drained.
type drains []string

func (d *drains) set(_ context.Context, node string, drained bool) error {
	*d = append(*d, fmt.Sprintf("%s %v", node, drained))
	if node == "refused@a" {
		return errors.New("404 Not Found")
	}
	return nil
}

// after returns the model after messages and their commands. Strings are keys.
func after(t *testing.T, m model, messages ...any) (_ model, quits bool) {
	t.Helper()
	for _, msg := range messages {
		if key, isKey := msg.(string); isKey {
			msg = keyPress(key)
		} else if s, isSample := msg.(Sample); isSample {
			msg = sampleMsg(s)
		}
		next, command := m.Update(msg)
		m = next.(model)
		if command == nil {
			continue
		}
		result := command()
		if _, quits := result.(tea.QuitMsg); quits {
			return m, true
		}
		next, _ = m.Update(result)
		m = next.(model)
	}
	return m, false
}

func keyPress(key string) tea.KeyPressMsg {
	switch key {
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: rune(key[0]), Text: key}
}

// lines are those of the screen, without styles.
func lines(m model) []string { return strings.Split(ansi.Strip(m.screen()), "\n") }

// line returns the line with a text; "": there is none.
func line(m model, text string) string {
	for _, l := range lines(m) {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

func TestScreenFitsTheTerminal(t *testing.T) {
	var nodes []string
	for i := range 40 {
		nodes = append(nodes, fmt.Sprintf("my-application-with-a-long-name-%02d@fdaa:0:1::%d", i, i))
	}
	for _, size := range []tea.WindowSizeMsg{{Width: 80, Height: 24}, {Width: 200, Height: 60}, {Width: 20, Height: 5}, {Width: 1, Height: 1}} {
		for _, keys := range [][]any{nil, {"tab"}, {"d"}, {"G"}} {
			m, _ := after(t, newModel("http://127.0.0.1:4401", nil), append([]any{size, sampleAt(1, nodes...), sampleAt(2, nodes...)}, keys...)...)
			got := lines(m)
			if len(got) != size.Height {
				t.Errorf("%v, %v: %d lines", size, keys, len(got))
			}
			for _, l := range got {
				if ansi.StringWidth(l) > size.Width {
					t.Errorf("%v, %v: %d columns: %s", size, keys, ansi.StringWidth(l), l)
				}
			}
		}
	}
	m, _ := after(t, newModel("", nil), sampleAt(1, nodes...), "G")
	if line(m, "…th-a-long-name-39 ") == "" {
		t.Errorf("the selected node is not on the screen:\n%s", strings.Join(lines(m), "\n"))
	}
}

func TestNodesHaveRatesOfTheLatestSeconds(t *testing.T) {
	m, _ := after(t, newModel("http://127.0.0.1:4401", nil), sampleAt(10, "a@a"), sampleAt(12, "a@a"))
	for text, want := range map[string]string{
		"a@a":       "up",
		"CALLS/S":   "P99",
		"/graphql":  "10 req/s, 30 % errors, 10 % failed, p50 6 ms, p99 8.0 ms",
		"in flight": "up for 12 s",
	} {
		if got := line(m, text); !strings.Contains(got, want) {
			t.Errorf("%q has no %q", got, want)
		}
	}
	if got := strings.Fields(line(m, "a@a"))[2:5]; strings.Join(got, " ") != "10 10 %" {
		t.Errorf("%q", got)
	}
	wide, _ := after(t, m, tea.WindowSizeMsg{Width: 160, Height: 24})
	if strings.Contains(line(m, "a@a"), "1f0c2e44") || !strings.Contains(line(wide, "a@a"), "1f0c2e44") {
		t.Error("a wide terminal has the schema, and a narrow one has not")
	}
}

// The operation that takes most time now is the first, whatever others took before.
func TestOperations(t *testing.T) {
	m, _ := after(t, newModel("", nil), sampleAt(10), sampleAt(20), "tab")
	rows := lines(m)[3:]
	if !strings.HasPrefix(rows[0], "OPERATION") || !strings.HasPrefix(rows[1], "PlaceOrder") || !strings.HasPrefix(rows[2], "Idle") {
		t.Fatalf("%s", strings.Join(rows, "\n"))
	}
	if got, want := strings.Join(strings.Fields(rows[1]), " "), "PlaceOrder mutation 10 50 % 40 % 200 ms 200 ms 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDrainAsksFirst(t *testing.T) {
	var drained drains
	m := newModel("", drained.set)
	m, _ = after(t, m, sampleAt(1, "a@a", "b@b"), "down", "d")
	if line(m, "Drain b@b?") == "" || line(m, "clients will get 503") != "" {
		t.Errorf("no question, or a warning while another node gets calls:\n%s", strings.Join(lines(m), "\n"))
	}
	m, _ = after(t, m, "n", "d", "q", "y") // no, and no; y alone means nothing
	if len(drained) != 0 {
		t.Errorf("drained without a yes: %q", drained)
	}
	m, _ = after(t, m, "d", "y")
	if fmt.Sprint(drained) != "[b@b true]" || line(m, "b@b gets no new calls") == "" {
		t.Errorf("%q\n%s", drained, strings.Join(lines(m), "\n"))
	}
	s := sampleAt(2, "a@a", "b@b")
	s.Apps[0].Nodes[1].State, s.Apps[0].Nodes[1].Problem = "draining", "an operator drains it"
	m, _ = after(t, m, s, "down")
	if line(m, "b@b: an operator drains it") == "" {
		t.Errorf("no reason:\n%s", strings.Join(lines(m), "\n"))
	}
	after(t, m, "d", "y")
	if fmt.Sprint(drained) != "[b@b true b@b false]" {
		t.Errorf("%q", drained)
	}
	m, _ = after(t, m, sampleAt(3, "refused@a"), "d", "y")
	if line(m, "refused@a: 404 Not Found") == "" {
		t.Errorf("no failure:\n%s", strings.Join(lines(m), "\n"))
	}
}

// Draining the last node of an application has a warning.
func TestDrainOfTheLastNode(t *testing.T) {
	s := sampleAt(1, "a@a", "b@b")
	s.Apps[0].Nodes[1].State = "connecting"
	m, _ := after(t, newModel("", nil), s, "d")
	if line(m, "no other node gets calls of /graphql: clients will get 503") == "" {
		t.Errorf("no warning:\n%s", strings.Join(lines(m), "\n"))
	}
}

// The question is about the node that was selected, although the rows change meanwhile.
func TestSelectionStaysAtItsNode(t *testing.T) {
	var drained drains
	m, _ := after(t, newModel("", drained.set), sampleAt(1, "b@b", "c@c"), "down", "d", sampleAt(2, "a@a", "b@b", "c@c"), "y")
	if fmt.Sprint(drained) != "[c@c true]" {
		t.Errorf("%q", drained)
	}
	after(t, m, "d", sampleAt(3, "a@a", "b@b"), "y")
	if len(drained) != 1 {
		t.Errorf("a question outlived its node: %q", drained)
	}
}

func TestGoneNodesStayForAMinute(t *testing.T) {
	m, _ := after(t, newModel("", nil), sampleAt(1, "a@a", "b@b"), sampleAt(2, "a@a"), sampleAt(60, "a@a"))
	if got := line(m, "b@b"); !strings.Contains(got, "gone") {
		t.Errorf("%q", got)
	}
	back, _ := after(t, m, sampleAt(61, "a@a", "b@b"))
	if got := line(back, "b@b"); !strings.Contains(got, "up") {
		t.Errorf("%q", got)
	}
	later, _ := after(t, m, sampleAt(63, "a@a"))
	if got := line(later, "b@b"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestLostStreamAndRestart(t *testing.T) {
	m, _ := after(t, newModel("http://a", nil), sampleAt(100, "a@a"), lostMsg{errors.New("connection refused")})
	if line(m, "connection refused") == "" || line(m, "a@a") == "" {
		t.Errorf("%s", strings.Join(lines(m), "\n"))
	}
	m, _ = after(t, m, sampleAt(1, "a@a"))
	if line(m, "connection refused") != "" || !strings.Contains(line(m, "/graphql"), " 0 req/s") {
		t.Errorf("%s", strings.Join(lines(m), "\n"))
	}
}

// A problem is whole on a narrow terminal.
func TestProblemsAreWrapped(t *testing.T) {
	const problem = "Get http://127.0.0.1:4401/console/events: dial tcp 127.0.0.1:4401: connect: connection refused"
	m, _ := after(t, newModel("", nil), tea.WindowSizeMsg{Width: 40, Height: 24}, lostMsg{errors.New(problem)})
	if got := strings.Join(strings.Fields(strings.Join(lines(m)[1:], "")), ""); !strings.Contains(got, strings.ReplaceAll(problem, " ", "")) {
		t.Errorf("%s", strings.Join(lines(m), "\n"))
	}
}

// Names of nodes and operations cannot control the terminal.
func TestUntrustedNames(t *testing.T) {
	s := sampleAt(1, "evil\x1b]0;title\x07\x1b[2J\n@a")
	s.Operations[0].Name = "evil\x1b[31m"
	for _, keys := range [][]any{{}, {"d"}, {"tab"}} {
		m, _ := after(t, newModel("", nil), append([]any{s}, keys...)...)
		if got := m.screen(); strings.Contains(got, "\x1b]") || strings.Contains(got, "\x1b[2J") || strings.Contains(got, "\x07") || strings.Contains(got, "evil\x1b") || len(lines(m)) != 24 {
			t.Errorf("%q", got)
		}
	}
}

func TestQuit(t *testing.T) {
	for _, keys := range [][]any{{"q"}, {"ctrl+c"}, {sampleAt(1, "a@a"), "d", "ctrl+c"}} {
		if _, quits := after(t, newModel("", nil), keys...); !quits {
			t.Errorf("%v does not quit", keys)
		}
	}
}
