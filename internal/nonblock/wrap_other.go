//go:build !linux

package nonblock

import "net"

// Wrap returns conn.
func Wrap(conn net.Conn) net.Conn { return conn }
