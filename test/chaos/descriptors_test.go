package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// freeDescriptor is the lowest file descriptor that the process does not use.
func (g *gateway) freeDescriptor(t testing.TB) (free int) {
	t.Helper()
	for ; ; free++ {
		_, err := os.Lstat(filepath.Join("/proc", strconv.Itoa(g.cmd.Process.Pid), "fd", strconv.Itoa(free)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return free
		case err != nil:
			t.Fatal(err)
		}
	}
}

// healthOver requests /healthz over an open connection and closes it.
func healthOver(conn net.Conn, host string) error {
	defer conn.Close()
	r, err := http.NewRequest(http.MethodGet, "http://"+host+"/healthz", nil)
	if err != nil {
		return err
	}
	if err := r.Write(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
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
	limit := g.freeDescriptor(t) + 1
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
		late, err := net.Dial("tcp", g.admin)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, body := g.ask(t, `{ counter }`); status != http.StatusOK {
			t.Fatalf("clients get %d %s", status, body)
		}
		if err := healthOver(late, g.admin); err != nil { // after the gateway has accepted it
			t.Fatalf("operators on a connection opened before: %v", err)
		}
	}
	if n := len(g.status(t).connected(0)); n != 1 {
		t.Errorf("%d nodes are connected", n)
	}
}
