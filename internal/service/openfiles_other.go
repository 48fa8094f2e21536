//go:build !unix

package service

import "math"

// openFiles returns no limit: it is not known on this system.
func openFiles() int { return math.MaxInt32 }
