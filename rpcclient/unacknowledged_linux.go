package rpcclient

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitUnacknowledged closes a connection whose peer has not acknowledged sent bytes
// for d, or does not read (TCP_USER_TIMEOUT). It lets the first call notice a link
// that was cut without a packet. Without calls, only the tick time does.
func limitUnacknowledged(conn net.Conn, d time.Duration) {
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) {
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
			})
		}
	}
}
