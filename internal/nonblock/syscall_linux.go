//go:build !race && !msan && !asan

package nonblock

import (
	"syscall"
	"unsafe"
)

// read and write are those of package syscall, unannounced. b is not empty. It stays in place
// and alive during the call, because the conversion is in the call's arguments (rule 4 of
// [unsafe.Pointer]).

func read(fd uintptr, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) // #nosec G103 -- see above
	return result(n, errno)
}

func write(fd uintptr, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) // #nosec G103 -- see above
	return result(n, errno)
}

func result(n uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
