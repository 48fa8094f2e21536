package rpcclient

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitUnacknowledged ends a connection whose peer has not acknowledged for d what
// was sent to it, or has had no room for it because it does not read
// (TCP_USER_TIMEOUT). A link that is cut without a packet is
// noticed so by the first call on it, and by the tick time only where there is no
// call.
func limitUnacknowledged(conn net.Conn, d time.Duration) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	if socket, ok := conn.(syscall.Conn); ok {
		if raw, err := socket.SyscallConn(); err == nil {
			raw.Control(func(fd uintptr) {
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
			})
		}
	}
}
