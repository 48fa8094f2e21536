// Package beamtest runs real BEAM nodes and real EPMDs for tests.
//
// A node runs the Elixir application in testdata/elixir, started and stopped like a
// release. The application has a GraphQL schema, TestApp.Schema, on the real Absinthe
// if ERL_LIBS has it, otherwise on a double that replays testdata/golden. It is
// compiled once for all nodes of the test process. Everything listens on loopback
// only, or in a network namespace of the test, and ends with the test.
//
// Environment of the test process:
//
//   - TEST_BEAM_ROOT: a folder with an unpacked Debian that has Elixir
//     (testdata/install-otp-matrix makes some). EPMD and nodes run in it by chroot, which
//     needs root. Empty: the machine's own Erlang and Elixir (testdata/install-erlang).
//   - ERL_LIBS: passed to the nodes. With TEST_BEAM_ROOT it is a path inside that folder.
package beamtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// beamRoot is the folder into which EPMD and nodes are chrooted, or "".
func beamRoot() string { return os.Getenv("TEST_BEAM_ROOT") }

// SharedDir makes a folder for the duration of the test that is visible in the BEAM
// root, and returns its path for the test process and its path for EPMD and nodes.
func SharedDir(t testing.TB) (outside, inside string) {
	t.Helper()
	outside, inside, err := makeSharedDir()
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(outside) })
	return outside, inside
}

func makeSharedDir() (outside, inside string, err error) {
	root := beamRoot()
	tmp := os.TempDir()
	if root != "" {
		tmp = filepath.Join(root, "tmp")
	}
	outside, err = os.MkdirTemp(tmp, "louche-beamtest-")
	if err != nil || root == "" {
		return outside, outside, err
	}
	return outside, filepath.Join("/tmp", filepath.Base(outside)), nil
}

// command prepares a program of the Erlang or Elixir installation, in its own process
// group.
func command(name string, args ...string) (*exec.Cmd, error) {
	root := beamRoot()
	if root == "" {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("%w; testdata/install-erlang installs Erlang and Elixir", err)
		}
		cmd := exec.Command(path, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return cmd, nil
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("TEST_BEAM_ROOT=%s needs chroot, which needs root", root)
	}
	path := "/usr/bin/" + name
	if _, err := os.Lstat(filepath.Join(root, path)); err != nil {
		return nil, fmt.Errorf("TEST_BEAM_ROOT: %w; testdata/install-otp-matrix makes such folders", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: root}
	return cmd, nil
}

// environment is the whole environment of the programs of the Erlang installation. The
// rest of the test's environment must not affect them.
func environment() []string {
	path := os.Getenv("PATH")
	if beamRoot() != "" {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	return []string{"PATH=" + path, "LANG=C.UTF-8", "ERL_LIBS=" + os.Getenv("ERL_LIBS")}
}

// moduleFile is the path of a file of this repository. Tests run in the folder of
// their package; the repository's is the nearest one above with a go.mod.
func moduleFile(elem ...string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(append([]string{dir}, elem...)...), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory; cannot find %s", filepath.Join(elem...))
		}
		dir = parent
	}
}

// kill kills a process of command with its children, and returns when exited is
// closed.
func kill(cmd *exec.Cmd, exited <-chan struct{}) {
	select {
	case <-exited: // its process id may be reused by now
	default:
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-exited
	}
}
