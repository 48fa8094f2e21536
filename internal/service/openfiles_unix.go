//go:build unix

package service

import (
	"math"
	"syscall"
)

// openFiles returns the limit of open files of the process. At its start Go has raised the
// soft limit to the hard one.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) // #nosec G115 -- it fits
}
