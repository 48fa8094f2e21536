package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// maxAtRest bounds the memory of its own of a gateway that is connected to a node and has no
// request. The pages of the program itself are not in it: the kernel shares and drops them.
const maxAtRest = 12 << 20

// maxStarts bounds the time from the start of a process until it listens, as a multiple of
// that of a process that prints its version and ends.
const maxStarts = 3

func TestMemoryAtRest(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	g := startDemoGateway(t, null)
	status := string(read(t, fmt.Sprintf("/proc/%d/status", g.Process.Pid)))
	own, program := kilobytes(t, status, "RssAnon"), kilobytes(t, status, "RssFile")
	t.Logf("memory at rest: %d kB, and %d kB of the program's pages", own, program)
	if own<<10 > maxAtRest {
		t.Errorf("the gateway takes %d kB at rest, want at most %d", own, maxAtRest>>10)
	}
}

// kilobytes returns a value of /proc/PID/status.
func kilobytes(t *testing.T, status, name string) (n int) {
	t.Helper()
	_, line, _ := strings.Cut(status, "\n"+name+":")
	if _, err := fmt.Sscan(line, &n); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// The shortest of several starts is that of a machine that does nothing else.
func TestTimeToListen(t *testing.T) {
	dir := t.TempDir()
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer states.Close()
	states.SetReadDeadline(time.Now().Add(waittest.Limit))
	file := write(t, "listen: 127.0.0.1:0\nadmin: unix:"+filepath.Join(dir, "operators")+"\n"+configFor(1))

	listening, version := time.Hour, time.Hour
	for range 10 {
		version = min(version, duration(t, func() error { return command(t, "version").Run() }))
		serve := command(t, "serve", "--config", file)
		serve.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"))
		listening = min(listening, duration(t, func() error {
			if err := serve.Start(); err != nil {
				return err
			}
			awaitState(t, states, "READY=1")
			return nil
		}))
		serve.Process.Kill()
		serve.Wait()
	}
	t.Logf("from start to listening: %v; louche version: %v", listening, version)
	if listening > maxStarts*version {
		t.Errorf("the gateway listens after %v, want at most %d times %v", listening, maxStarts, version)
	}
}

func duration(t *testing.T, f func() error) time.Duration {
	t.Helper()
	began := time.Now()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
