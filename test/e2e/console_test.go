package e2e_test

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// In Chromium, the console shows two real nodes, drains one, and shows that the other is
// killed.
func TestConsole(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	kept := beamtest.StartNode(t, beamtest.Options{Name: "testapp-kept@127.0.0.1", EPMDPort: epmd})
	lost := beamtest.StartNode(t, beamtest.Options{Name: "testapp-lost@127.0.0.1", EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	var stderr strings.Builder
	script := exec.CommandContext(t.Context(), "node", "console.mjs", g.admin+"/console/", kept.Name, lost.Name)
	script.Dir, script.Stderr = clientsFolder(t), &stderr
	stdout, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "kill" {
			lost.Kill()
		}
	}
	if err := script.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
}
