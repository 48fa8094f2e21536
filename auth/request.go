package auth

import (
	"crypto/x509"
	"net/http"
	"net/netip"
)

// A Request is the part of an HTTP request that authentication and the context need.
type Request struct {
	// Peer is the address at the other end of the connection. It is invalid for a
	// connection without addresses.
	Peer netip.Addr
	// Trusted reports whether Peer is one of trusted_proxies, whose headers count.
	Trusted bool
	// Client is the address of the client: Peer, or the address that trusted proxies
	// report in X-Forwarded-For.
	Client netip.Addr
	Header http.Header
	// Host is the header Host, and Query the query string.
	Host, Query string
	// Secure reports whether the connection uses TLS.
	Secure bool
	// Certificate is the verified and valid certificate of the client; nil: there is none.
	Certificate *x509.Certificate
	// ID is the request id, which the log and the response contain.
	ID string
	// TraceID is the id of the client's trace (W3C Trace Context, 32 hexadecimal digits),
	// or empty.
	TraceID string
}
