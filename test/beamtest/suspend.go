package beamtest

import (
	"syscall"
	"testing"
)

// Suspend stops all threads of the node's process, and waits until they have stopped. The
// node's connections stay. Resume lets them go on.
func (n *Node) Suspend(t testing.TB) (resume func()) {
	t.Helper()
	if err := syscall.Kill(n.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resume = func() { syscall.Kill(n.pid, syscall.SIGCONT) }
	t.Cleanup(resume)
	var status syscall.WaitStatus
	for !status.Stopped() {
		if _, err := syscall.Wait4(n.pid, &status, syscall.WUNTRACED, nil); err != nil && err != syscall.EINTR {
			t.Fatalf("wait until the node has stopped: %v", err)
		}
	}
	return resume
}
