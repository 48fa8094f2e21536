package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Clients from npm work with a gateway and a real node.
func TestClients(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for _, script := range []string{"audit.mjs", "apollo.mjs", "urql.mjs", "graphql-request.mjs"} {
		t.Run(script, func(t *testing.T) { runClient(t, script, g.url+"/graphql") })
	}
}

// runClient runs a script of testdata/clients. The script fails at any deviation.
func runClient(t *testing.T, script string, args ...string) {
	t.Helper()
	actOnLines(t, nil, script, args...)
}

// actOnLines runs a script of testdata/clients, and does what it asks for by lines of its
// output. When that is done, the script gets a line of input. It fails at any deviation.
func actOnLines(t *testing.T, do map[string]func(), script string, args ...string) {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	var output, stderr strings.Builder
	node.Dir, node.Stderr = clientsFolder(t), &stderr
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(&output, lines.Text())
		if act := do[lines.Text()]; act != nil {
			act()
			fmt.Fprintln(stdin, "done")
		}
	}
	if err := node.Wait(); err != nil {
		t.Fatalf("node %s: %v (it needs Node.js 20 or later)\n%s%s", script, err, &output, &stderr)
	}
	t.Logf("%s%s", &output, &stderr)
}

// clientsFolder returns the folder of the scripts and their packages.
func clientsFolder(t *testing.T) string {
	t.Helper()
	const folder = "../../testdata/clients"
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		t.Fatalf("the clients are not installed: run testdata/install-npm testdata/clients, which needs Node.js 20.19 or later with npm (%v)", err)
	}
	return folder
}
