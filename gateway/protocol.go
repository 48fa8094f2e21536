package gateway

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// A protocol is that of the requests of a connection.
type protocol int32

const (
	noRequest protocol = iota // the connection has had none yet
	http1
	http2
	http3
	webSocket
	protocols // their number
)

// String returns the value of the label protocol.
func (p protocol) String() string {
	return [...]string{"none", "http/1.1", "http/2", "http/3", "websocket"}[p]
}

// protocolOf returns the protocol of a request, or the one that it asks for.
func protocolOf(r *http.Request) protocol {
	switch {
	case r.ProtoMajor == 3:
		return http3
	case r.ProtoMajor == 2:
		return http2
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		return webSocket
	}
	return http1
}

// connectionCounts counts the open connections of clients and operators by protocol.
type connectionCounts [protocols]atomic.Int64

func (c *connectionCounts) total() (n int64) {
	for i := range c {
		n += c[i].Load()
	}
	return n
}
