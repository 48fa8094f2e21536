package erldist

import (
	"strings"
	"unsafe"
)

// makeUncleared returns an empty slice with a capacity of at least size bytes, more
// than 0. Unlike make, it does not clear the memory: clearing 50 MB takes the reader
// several milliseconds, in which every other call of the connection waits.
func makeUncleared(size int) []byte {
	var b strings.Builder // the only type of the standard library whose memory is not cleared
	b.Grow(size)
	b.WriteByte(0)                                                       // StringData is not specified for an empty string
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0:size] // #nosec G103 -- only this slice refers to it
}
