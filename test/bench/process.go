package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Process serves a load.
type Process struct {
	Name string
	PID  int
}

// A Usage is what the threads of a process have used since its start.
type Usage struct {
	CPU      time.Duration // user and system
	Switches int           // voluntary: a thread waited for something
}

// usage returns the sum over the threads, for which /proc gives nanoseconds. It misses those
// that have ended; neither the BEAM nor Go ends threads under load.
func (p Process) usage() (u Usage, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p.PID))
	if err != nil || len(threads) == 0 {
		return u, fmt.Errorf("%s has no threads in /proc, which Linux has: %w", p.Name, err)
	}
	for _, thread := range threads {
		times, err := os.ReadFile(filepath.Join(thread, "schedstat"))
		if err != nil {
			return u, err
		}
		var cpu time.Duration
		if _, err := fmt.Sscan(string(times), &cpu); err != nil {
			return u, fmt.Errorf("%s: %w", thread, err)
		}
		status, err := os.ReadFile(filepath.Join(thread, "status"))
		if err != nil {
			return u, err
		}
		var switches int
		_, line, _ := bytes.Cut(status, []byte("\nvoluntary_ctxt_switches:"))
		if _, err := fmt.Sscan(string(line), &switches); err != nil {
			return u, fmt.Errorf("%s: %w", thread, err)
		}
		u.CPU, u.Switches = u.CPU+cpu, u.Switches+switches
	}
	return u, nil
}

// memory returns the resident memory of the process, in bytes.
func (p Process) memory() (bytes int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return 0, err
	}
	_, line, _ := strings.Cut(string(status), "\nVmRSS:")
	_, err = fmt.Sscan(line, &bytes)
	return bytes << 10, err
}
