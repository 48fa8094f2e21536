//go:build unix

package service

import (
	"math"
	"syscall"
)

// openFiles is how many files the process may have open. Go has raised the soft limit
// to the hard one when the process began.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) // #nosec G115 -- it fits
}
