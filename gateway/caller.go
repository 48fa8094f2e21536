package gateway

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/louche-graphql/louche/auth"
)

// caller is who sent a request, as far as that is known.
type caller struct {
	request  auth.Request
	identity *auth.Identity // nil: nothing says
	claims   []byte         // of the identity, encoded; only where the application builds the context
}

// identify finds out who sent a request. It counts by its address first, so that
// credentials are not tried out without end.
func (h *graphQL) identify(x *exchange, w http.ResponseWriter, r *http.Request) (*caller, error) {
	c := &caller{request: auth.Request{
		Header:  r.Header,
		ID:      w.Header().Get(requestIDHeader),
		TraceID: traceID(r.Header),
	}}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.request.Peer = peer.Addr().Unmap()
	}
	c.request.Trusted = h.app.Proxies.Contains(c.request.Peer)
	c.request.Client = h.app.Proxies.ClientAddress(c.request.Peer, r.Header)
	c.request.Certificate = h.gateway.certificateOf(r.TLS)
	if err := h.chargeArrival(x, c); err != nil {
		return nil, err
	}
	var err error
	c.identity, err = h.app.authenticator.Load().Authenticate(r.Context(), &c.request)
	if err == nil && h.app.Absinthe.Config.ContextFrom != "" {
		c.claims = auth.AppendClaims(nil, c.identity)
	}
	return c, err
}

// traceID is the second part of a traceparent of W3C Trace Context, or empty.
func traceID(header http.Header) string {
	parts := strings.Split(header.Get("Traceparent"), "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || strings.Trim(parts[1], "0123456789abcdef") != "" || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return parts[1]
}
