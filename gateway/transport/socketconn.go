package transport

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// A socketConn is the connection of a WebSocket. As with a deadlineWriter, the client has to
// accept each step within the write timeout, and others may take the memory of a message
// while the gateway waits for the client. That ends the connection.
type socketConn struct {
	net.Conn
	timeout time.Duration
	account atomic.Pointer[memory.Account] // of the message that is written
}

// maxControl is the size of the largest control frame, in bytes.
const maxControl = 2 + 125

func (c *socketConn) Write(b []byte) (written int, err error) {
	for {
		var n int
		n, err = c.writeStep(b[:min(len(b), step)])
		written += n
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

func (c *socketConn) writeStep(b []byte) (int, error) {
	c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	account := c.account.Load()
	if account == nil || len(b) <= maxControl {
		return c.Conn.Write(b)
	}
	account.BeginWait(func() { c.Conn.SetWriteDeadline(past) })
	n, err := c.Conn.Write(b)
	account.AddProgress(n)
	account.EndWait()
	return n, err
}

// SetWriteDeadline does nothing: Write sets its own.
func (c *socketConn) SetWriteDeadline(time.Time) error { return nil }
