package erldist

import (
	"errors"
	"syscall"
)

// isReset says whether the peer tore the connection down, which is how a node
// that does not like our name, flags or cookie says so.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
