//go:build unix

package parallelism

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of the process, user and system.
func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), err
}
