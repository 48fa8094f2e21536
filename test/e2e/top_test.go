package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A terminal runs a command in a pseudo terminal and keeps what the command writes.
type terminal struct {
	*os.File // the keyboard
	cmd      *exec.Cmd

	mu  sync.Mutex
	out strings.Builder
}

func openTerminal(t *testing.T, cmd *exec.Cmd, width, height uint16) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	term := &terminal{File: master, cmd: cmd}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			if err != nil {
				return
			}
			term.mu.Lock()
			term.out.Write(buffer[:n])
			term.mu.Unlock()
		}
	}()
	return term
}

func (term *terminal) output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.out.String()
}

func (term *terminal) waitFor(t *testing.T, text string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("%q", term.output())
		}
	}()
	eventually(t, text+" is on the terminal", func() bool { return strings.Contains(term.output(), text) })
}

// In a terminal of 80 columns, louche top shows a node with the figures of its runtime, drains
// it when asked twice, and shows the operations. Without the token it says what is missing.
func TestTop(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := startGateway(t, fmt.Sprintf("admin_token: {file: %s}\n%s", token, configFor(epmd)))
	g.query(t, `query Counted { counter }`)
	without := openTerminal(t, command(t, "top", "--admin", g.admin), 80, 24)
	without.waitFor(t, "--token-file")
	without.WriteString("q")
	if err := without.cmd.Wait(); err != nil {
		t.Error(err)
	}

	top := command(t, "top", "--admin", g.admin, "--token-file", token)
	top.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=1")
	term := openTerminal(t, top, 80, 24)

	term.waitFor(t, node.Name)
	term.waitFor(t, " MB")
	term.WriteString("d")
	term.waitFor(t, "Drain "+node.Name+"?")
	term.WriteString("y")
	term.waitFor(t, node.Name+" gets no new calls")
	term.waitFor(t, "draining")
	term.WriteString("o")
	term.waitFor(t, "Counted")
	term.WriteString("q")
	if err := term.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if colour := regexp.MustCompile(`\x1b\[[0-9;]*3[0-7][;m]`).FindString(term.output()); colour != "" {
		t.Errorf("NO_COLOR is set, and the output has %q", colour)
	}
}
