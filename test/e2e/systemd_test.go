package e2e_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A gateway as systemd runs it: clients come by a socket that it has opened, operators by a
// Unix socket. It tells systemd when it is ready, that it lives, and that it stops.
func TestServiceOfSystemd(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	dir := t.TempDir()
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer states.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	operators := filepath.Join(dir, "operators")
	leaveSocket(t, operators)

	program := command(t)
	var log bytes.Buffer
	// LISTEN_PID is that of the process, which only the process itself knows beforehand.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0" "$@"`, program.Path, "serve", "--config",
		write(t, "listen: systemd\nadmin: unix:"+operators+"\nshutdown_delay: 0s\n"+configFor(epmd)))
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=listen", "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "WATCHDOG_USEC=100000")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	ended := make(chan error, 1)
	notifier, err := net.Dial("unixgram", filepath.Join(dir, "notify"))
	if err != nil {
		t.Fatal(err)
	}
	defer notifier.Close()
	go func() {
		ended <- cmd.Wait()
		io.WriteString(notifier, processEnded) // after all that the process told
	}()
	awaitState(t, states, "READY=1")
	awaitState(t, states, "WATCHDOG=1")
	awaitState(t, states, "WATCHDOG=1")
	if got := health(t, "tcp", listener.Addr().String()); got != `{"status":"ok"}` {
		t.Errorf("clients: %q", got)
	}
	if got := health(t, "unix", operators); got != `{"status":"ok"}` {
		t.Errorf("operators: %q", got)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	awaitState(t, states, "STOPPING=1")
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
	if _, err := os.Stat(operators); err == nil {
		t.Error("the Unix socket is left")
	}
}

// leaveSocket leaves the file of a Unix socket, as a killed process does.
func leaveSocket(t *testing.T, path string) {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
}

// processEnded stands for the end of the process, among the states that it told before.
const processEnded = "ENDED=1"

// awaitState waits for a state among those that the service tells.
func awaitState(t *testing.T, states *net.UnixConn, want string) {
	t.Helper()
	for b := make([]byte, 1024); ; {
		n, err := states.Read(b)
		if err != nil {
			t.Fatalf("no %s: %v", want, err)
		}
		switch string(b[:n]) {
		case want:
			return
		case processEnded:
			t.Fatalf("the service ended without %s", want)
		}
	}
}

func health(t *testing.T, network, address string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
	resp, err := client.Get("http://localhost/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

func TestSocketsThatCannotBeUsed(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	path := filepath.Join(t.TempDir(), "taken")
	taken, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for listen, want := range map[string]string{
		"systemd":                    "FileDescriptorName=listen",
		"unix:" + path:               "another program listens on " + path,
		"unix:/nonexistent/a.socket": "/nonexistent/a.socket",
		"unix:relative":              "is not an address",
	} {
		_, problem, status := run(t, "serve", "--config", write(t, "listen: "+listen+"\nadmin: 127.0.0.1:0\n"+configFor(epmd)))
		if status != 2 || !strings.Contains(problem, want) {
			t.Errorf("%s: status %d, %s", listen, status, problem)
		}
	}
}
