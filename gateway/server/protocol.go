package server

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// A Protocol is that of the requests of a connection.
type Protocol int32

const (
	noRequest Protocol = iota // the connection has had none yet
	http1
	http2
	http3
	webSocket

	// Protocols is their number.
	Protocols
)

// String returns the name of the protocol in metrics.
func (p Protocol) String() string {
	return [...]string{"none", "http/1.1", "http/2", "http/3", "websocket"}[p]
}

// protocolOf returns the protocol of a request, or the one that it asks for.
func protocolOf(r *http.Request) Protocol {
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

// connectionCounts are the numbers of open connections by protocol.
type connectionCounts [Protocols]atomic.Int64
