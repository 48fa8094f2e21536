package gateway

import "sync/atomic"

// A protocol is that of the requests of a connection.
type protocol int32

const (
	noRequest protocol = iota // the connection has had none yet
	http1
	http2
	protocols // their number
)

// String returns the value of the label protocol.
func (p protocol) String() string { return [...]string{"none", "http/1.1", "http/2"}[p] }

// connectionCounts counts the open connections of clients and operators by protocol.
type connectionCounts [protocols]atomic.Int64

func (c *connectionCounts) total() (n int64) {
	for i := range c {
		n += c[i].Load()
	}
	return n
}
