package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/test/beamtest"
)

// binary is the path of the program.
var binary string

// build builds the program once.
var build = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", binary, "../../cmd/louche").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

// command returns a command that runs the program with arguments.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return exec.Command(binary, args...)
}

const demoCookie = "louche-demo-cookie"

// demoGateway is a gateway in a process of its own. The nodes of the demo run in this
// process.
type demoGateway struct {
	*running
	*exec.Cmd
}

// startDemoGateway starts one that writes its log, at level debug, to stderr.
func startDemoGateway(t *testing.T, stderr *os.File) demoGateway {
	t.Helper()
	cluster, err := demo.StartCluster(demo.NewBackend(), demoCookie, "stderr-a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	file := filepath.Join(t.TempDir(), "louche.yaml")
	cmd := command(t, "serve", "--config", file) // may build the program, while the addresses would not stay free
	clients, operators := beamtest.FreeAddresses(t, nil)
	g := demoGateway{running: &running{url: "http://" + clients, admin: "http://" + operators, file: file}, Cmd: cmd}
	config := fmt.Sprintf(`listen: %s
admin: %s
shutdown_delay: 0s
log: {level: debug}
apps:
  - schema: %s
    discovery: {dns: [127.0.0.1], prefix: stderr, epmd_port: %d, interval: 100ms}
`, clients, operators, demo.Schema, cluster.EPMDPort)
	if err := os.WriteFile(g.file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	g.Env = append(os.Environ(), "RELEASE_COOKIE="+demoCookie)
	g.Stderr = stderr
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	if stderr != os.Stderr {
		stderr.Close()
	}
	t.Cleanup(func() {
		g.Process.Kill()
		g.Wait()
	})
	eventually(t, "the gateway is ready", func() bool { return g.status("/readyz") == http.StatusOK })
	return g
}

func (g demoGateway) status(path string) int {
	resp, err := http.Get(g.admin + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// terminate sends SIGTERM and waits for the end.
func (g demoGateway) terminate(t *testing.T) {
	t.Helper()
	if err := g.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := g.Wait(); err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
}
