//go:build !linux

package rpcclient

import (
	"net"
	"time"
)

// limitUnacknowledged does nothing where the kernel cannot: there the tick time
// alone tells that a link is cut.
func limitUnacknowledged(net.Conn, time.Duration) {}
