package erldist

import (
	"errors"
	"syscall"
)

// isReset reports whether the peer reset the connection, which is how a node rejects a
// name, flags or a cookie.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
