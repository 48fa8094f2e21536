package socket

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/memory"

	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// A pacedConn is the connection of a WebSocket. As with an [admission.Writer], the client has to
// accept each step within the write timeout, and others may take the memory of a message
// while the gateway waits for the client. That ends the connection.
type pacedConn struct {
	net.Conn
	timeout time.Duration
	account atomic.Pointer[memory.Account] // of the message that is written
}

// maxControl is the size of the largest control frame, in bytes.
const maxControl = 2 + 125

func (c *pacedConn) Write(b []byte) (written int, err error) {
	for {
		var n int
		n, err = c.writeStep(b[:min(len(b), admission.Step)])
		written += n
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

func (c *pacedConn) writeStep(b []byte) (int, error) {
	c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	account := c.account.Load()
	if account == nil || len(b) <= maxControl {
		return c.Conn.Write(b)
	}
	account.BeginWait(func() { c.Conn.SetWriteDeadline(admission.Past) })
	n, err := c.Conn.Write(b)
	account.AddProgress(n)
	account.EndWait()
	return n, err
}

// SetWriteDeadline does nothing: Write sets its own.
func (c *pacedConn) SetWriteDeadline(time.Time) error { return nil }
