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

// lastDescriptor is the highest file descriptor that the process has open.
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

// The process may open no more files. Operators are answered, each over a connection of
// its own, and so are clients: the connection that is idle for longest makes room.
func TestNoFileDescriptorLeft(t *testing.T) {
	f := startFleet(t, 1, 0)
	g := startGateway(t, nil, f.settings(patient))
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
	if status, _, body := g.ask(t, `{ counter }`); status != http.StatusOK { // they are accepted before this one
		t.Fatalf("%d %s", status, body)
	}
	limit := g.lastDescriptor(t) + 1
	if out, err := exec.Command("prlimit", "--pid", strconv.Itoa(g.cmd.Process.Pid), fmt.Sprintf("--nofile=%d", limit)).CombinedOutput(); err != nil {
		t.Fatalf("prlimit: %v\n%s", err, out)
	}
	for range 50 { // whatever was free below the limit is taken
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
