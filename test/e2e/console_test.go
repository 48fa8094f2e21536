package e2e_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// In Chromium, the console shows two real nodes with the answers of their EPMD, drains one,
// shows how their schemas differ, that a table is nearly full, and that one of them is killed.
func TestConsole(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	kept := beamtest.StartNode(t, beamtest.Options{Name: "testapp-kept@127.0.0.1", EPMDPort: epmd})
	lost := beamtest.StartNode(t, beamtest.Options{Name: "testapp-lost@127.0.0.1", EPMDPort: epmd, Args: []string{"+P", "1024"}})
	g := startGateway(t, configFor(epmd))
	actOnLines(t, map[string]func(){
		"fill":   func() { lost.Eval(t, `for _ <- 1..850, do: spawn(fn -> Process.sleep(:infinity) end); :ok`) },
		"rename": func() { rename(t, lost, "sleep", "slumber") },
		"kill":   lost.Kill,
	}, "console.mjs", g.admin+"/console/", kept.Name, lost.Name)
}

// Pages get what the gateway knows with the first sample that the gateway takes from then on.
func TestConsoleEventsFollowTheGateway(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	resp, err := http.Get(g.admin + "/console/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	samples := make(chan string, 1000)
	go func() {
		lines := bufio.NewScanner(resp.Body)
		for lines.Buffer(nil, 1<<20); lines.Scan(); {
			if data, isData := strings.CutPrefix(lines.Text(), "data: "); isData {
				samples <- data
			}
		}
	}()
	for !isUp(waittest.Receive(t, "sample with the node", samples)) {
	}
	node.Kill()
	eventually(t, "the gateway knows", func() bool { return !isUp(g.status(t)) })
	known := takenAt(t, g.status(t))
	for {
		// Older samples may be under way.
		if sample := waittest.Receive(t, "sample", samples); takenAt(t, sample) > known {
			if isUp(sample) {
				t.Error("the page shows a node that the gateway knows to be gone")
			}
			return
		}
	}
}

// isUp reports whether a status has a connected node.
func isUp(status string) bool {
	var s struct {
		Apps []struct{ Nodes []struct{ State string } }
	}
	err := json.Unmarshal([]byte(status), &s)
	return err == nil && slices.ContainsFunc(s.Apps[0].Nodes, func(n struct{ State string }) bool { return n.State == "connected" })
}

// takenAt returns when a status was taken, in seconds from the start of the gateway.
func takenAt(t *testing.T, status string) float64 {
	t.Helper()
	var s struct {
		Uptime float64 `json:"uptime_seconds"`
	}
	if err := json.Unmarshal([]byte(status), &s); err != nil {
		t.Fatalf("%v in %q", err, status)
	}
	return s.Uptime
}
