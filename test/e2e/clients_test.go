package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
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
	node := exec.CommandContext(t.Context(), "node", append([]string{script}, args...)...)
	node.Dir = clientsFolder(t)
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v (it needs Node.js 20 or later)\n%s", script, err, out)
	}
	t.Logf("%s", out)
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
