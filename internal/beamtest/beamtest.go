// Package beamtest runs real BEAM nodes and real EPMDs for tests.
//
// A node runs testdata/elixir/node.exs: a small Elixir application with a
// GraphQL schema, TestApp.Schema, on the real Absinthe where that is found on
// ERL_LIBS, else on a double which replays testdata/golden. Everything listens
// on loopback only, and is gone when the test is.
//
// Environment of the test process:
//
//   - LOUCHE_BEAM_ROOT: a folder with an unpacked Debian which has Elixir
//     (testdata/install-otp-matrix makes some). EPMD and nodes run in it by
//     chroot, which takes root. Empty: the machine's own Erlang and Elixir
//     (testdata/install-erlang).
//   - ERL_LIBS: given to the nodes as it is, so with LOUCHE_BEAM_ROOT a path
//     inside that folder.
package beamtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// patience bounds everything that waits for a BEAM: long enough for a loaded
// machine, short enough to see the node's output before the test binary's own
// timeout.
const patience = 60 * time.Second

// beamRoot is the folder into which EPMD and nodes are chrooted, or "".
func beamRoot() string { return os.Getenv("LOUCHE_BEAM_ROOT") }

// sharedDir makes a folder that processes in the BEAM root see too, and returns
// its path for the test process and its path for them.
func sharedDir(t testing.TB) (outside, inside string) {
	t.Helper()
	root := beamRoot()
	tmp := os.TempDir()
	if root != "" {
		tmp = filepath.Join(root, "tmp")
	}
	outside, err := os.MkdirTemp(tmp, "louche-beamtest-")
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(outside) })
	if root == "" {
		return outside, outside
	}
	return outside, filepath.Join("/tmp", filepath.Base(outside))
}

// command prepares a program of the Erlang or Elixir installation, in a process
// group of its own.
func command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	root := beamRoot()
	if root == "" {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("beamtest: %v; testdata/install-erlang installs Erlang and Elixir", err)
		}
		cmd := exec.Command(path, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return cmd
	}
	if os.Geteuid() != 0 {
		t.Fatalf("beamtest: LOUCHE_BEAM_ROOT=%s needs chroot, which needs root", root)
	}
	path := "/usr/bin/" + name
	if _, err := os.Lstat(filepath.Join(root, path)); err != nil {
		t.Fatalf("beamtest: LOUCHE_BEAM_ROOT: %v; testdata/install-otp-matrix makes such folders", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: root}
	return cmd
}

// moduleFile is the path of a file of this repository. Tests run in the folder
// of their package, so the repository's is the nearest one above with a go.mod.
func moduleFile(t testing.TB, elem ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(append([]string{dir}, elem...)...)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("beamtest: no go.mod above the working directory; cannot find %s", filepath.Join(elem...))
		}
		dir = parent
	}
}

// kill ends a process of command and whatever it started, at once, and returns
// when exited is closed.
func kill(cmd *exec.Cmd, exited <-chan struct{}) {
	select {
	case <-exited: // its process id may be another's by now
	default:
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-exited
	}
}
