package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// A Gateway is a process with its addresses for clients and operators.
type Gateway struct {
	Address, Admin string
	PID            int
}

// StartGateway builds the gateway and starts it.
func StartGateway(t testing.TB, yaml string) Gateway { return Build(t).Start(t, yaml) }

// A Binary is the path of the gateway's program.
type Binary string

// Build builds the gateway for the time of the benchmark.
func Build(t testing.TB) Binary {
	binary := filepath.Join(t.TempDir(), "louche")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/louche-graphql/louche/cmd/louche").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return Binary(binary)
}

// Start runs the gateway until the benchmark ends. It returns when each application has a
// connected node. yaml has no listeners.
func (binary Binary) Start(t testing.TB, yaml string) Gateway {
	file := filepath.Join(t.TempDir(), "louche.yaml")
	var g Gateway
	g.Address, g.Admin = beamtest.FreeAddresses(t, nil)
	if err := os.WriteFile(file, fmt.Appendf(nil, "listen: %s\nadmin: %s\nshutdown_delay: 0s\n%s", g.Address, g.Admin, yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(string(binary), "serve", "--config", file)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("serve: %v\n%s", err, &log)
		}
	})
	waittest.Until(t, "each application has a node", func() bool {
		nodes := g.Nodes()
		return len(nodes) > 0 && !slices.Contains(nodes, 0)
	})
	g.PID = cmd.Process.Pid
	return g
}

// Nodes returns the number of connected nodes of each application; nil: there is no answer.
func (g Gateway) Nodes() (connected []int) {
	resp, err := http.Get("http://" + g.Admin + "/status")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var status struct {
		Apps []struct{ Nodes []struct{ State string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		return nil
	}
	for _, app := range status.Apps {
		n := 0
		for _, node := range app.Nodes {
			if node.State == "connected" {
				n++
			}
		}
		connected = append(connected, n)
	}
	return connected
}
