package beamtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Namespace is a network namespace for one test. It has no name, so it ends with the
// test and its processes, and its links do, too. Nil means the machine's own
// namespace.
type Namespace struct {
	work chan func()
	file *os.File
}

// NewNamespace makes a namespace that has only loopback. It needs root and, for IP,
// the ip program of iproute2.
func NewNamespace(t testing.TB) *Namespace {
	t.Helper()
	n := &Namespace{work: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		var err error
		n.file, err = enterNewNamespace()
		made <- err
		for do := range n.work {
			do()
		}
	}()
	if err := <-made; err != nil {
		close(n.work)
		t.Fatalf("beamtest: make a network namespace, which takes root: %v", err)
	}
	t.Cleanup(func() {
		close(n.work)
		n.file.Close()
	})
	n.IP(t, "link set lo up")
	return n
}

// Do calls f in the namespace. Sockets that f makes belong to it, and programs that f
// starts run in it, but not the goroutines of f.
func (n *Namespace) Do(f func()) {
	if n == nil {
		f()
		return
	}
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// IP runs ip with these arguments, separated by spaces, in the namespace.
func (n *Namespace) IP(t testing.TB, arguments string) {
	t.Helper()
	var out []byte
	var err error
	n.Do(func() { out, err = exec.Command("ip", strings.Fields(arguments)...).CombinedOutput() })
	if err != nil {
		t.Fatalf("beamtest: ip %s: %v\n%s", arguments, err, out)
	}
}

// Path is a path of the namespace for other programs, valid during the test.
func (n *Namespace) Path() string {
	return filepath.Join("/proc", fmt.Sprint(os.Getpid()), "fd", fmt.Sprint(n.file.Fd()))
}

// Listen is net.Listen in the namespace.
func (n *Namespace) Listen(network, address string) (l net.Listener, err error) {
	n.Do(func() { l, err = net.Listen(network, address) })
	return l, err
}
