package beamtest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// enterNewNamespace moves the calling thread into a new network namespace and returns
// its file.
func enterNewNamespace() (*os.File, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	return os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
}
