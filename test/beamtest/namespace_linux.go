package beamtest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// enterNewNamespace moves the calling thread into a network namespace of its
// own and returns a file that stands for it.
func enterNewNamespace() (*os.File, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	return os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
}
