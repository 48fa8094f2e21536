package chaos

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// lastDescriptor is the highest open file descriptor of the process.
func (g *gateway) lastDescriptor(t testing.TB) (last int) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(g.cmd.Process.Pid), "fd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil {
			last = max(last, n)
		}
	}
	return last
}

// The process is out of file descriptors. Operators, each on a new connection, and
// clients are served: the gateway closes the connection that is idle for longest.
func TestNoFileDescriptorLeft(t *testing.T) {
	f := startFleet(t, 1, 0)
	g := startGateway(t, nil, f.settings(longTimeout))
	g.waitConnected(t, 1)
	var idle []net.Conn
	open := func() {
		conn, err := net.Dial("tcp", g.listen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		idle = append(idle, conn)
	}
	for range 10 {
		open()
	}
	if status, _, body := g.ask(t, `{ counter }`); status != http.StatusOK { // the gateway accepts them before this one
		t.Fatalf("%d %s", status, body)
	}
	limit := g.lastDescriptor(t) + 1
	if out, err := exec.Command("prlimit", "--pid", strconv.Itoa(g.cmd.Process.Pid), fmt.Sprintf("--nofile=%d", limit)).CombinedOutput(); err != nil {
		t.Fatalf("prlimit: %v\n%s", err, out)
	}
	for range 50 { // to use up the descriptors below the limit
		open()
	}
	for range 20 {
		if status := g.health("/healthz"); status != http.StatusOK {
			t.Fatalf("operators get %d", status)
		}
		if status, _, body := g.ask(t, `{ counter }`); status != http.StatusOK {
			t.Fatalf("clients get %d %s", status, body)
		}
	}
	if n := len(g.status(t).connected(0)); n != 1 {
		t.Errorf("%d nodes are connected", n)
	}
}
