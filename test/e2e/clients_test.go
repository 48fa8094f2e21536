package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The clients that frontends bring, from npm, against a gateway in front of a real
// node.
func TestClients(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, before(epmd))
	for _, script := range []string{"audit.mjs", "apollo.mjs", "urql.mjs", "graphql-request.mjs"} {
		t.Run(script, func(t *testing.T) { runClient(t, script, g.url+"/graphql") })
	}
}

// runClient runs a script of testdata/clients, which fails if anything is not as it
// should be.
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

// clientsFolder is where the scripts are, and what they need.
func clientsFolder(t *testing.T) string {
	t.Helper()
	const folder = "../../testdata/clients"
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json")); err != nil {
		t.Fatalf("the clients are not installed: run testdata/install-clients, which needs Node.js 20 or later with npm (%v)", err)
	}
	return folder
}
