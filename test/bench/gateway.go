package bench

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
)

// StartGateway runs the gateway as a process until the benchmark ends. It returns its address
// for clients when a node can be called. yaml has no listeners.
func StartGateway(t testing.TB, yaml string) (address string, pid int) {
	dir := t.TempDir()
	binary, file := filepath.Join(dir, "louche"), filepath.Join(dir, "louche.yaml")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/louche-graphql/louche/cmd/louche").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	address = freeAddress(t)
	if err := os.WriteFile(file, fmt.Appendf(nil, "listen: %s\nadmin: %s\nshutdown_delay: 0s\n%s", address, freeAddress(t), yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "--config", file)
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
	waittest.Until(t, "the gateway is ready", func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return address, cmd.Process.Pid
}

func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
