package erldist

import (
	"strings"
	"unsafe"
)

// makeRoom returns an empty slice with room for at least size bytes, which must be more
// than 0. Unlike make, it does not clear the room: to clear 50 MB takes the reader
// several milliseconds, in which every other call of the connection waits.
func makeRoom(size int) []byte {
	var b strings.Builder // the one type of the standard library whose memory is not cleared
	b.Grow(size)
	b.WriteByte(0)                                                       // StringData is not specified for an empty string
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0:size] // #nosec G103 -- only this slice refers to it
}
