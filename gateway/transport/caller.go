package transport

import (
	"cmp"
	"crypto/x509"
	"net/http"
	"net/netip"
	"strings"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
)

// callerOf returns the sender of a request, not yet authenticated.
func (h *Handler) callerOf(w http.ResponseWriter, r *http.Request) *engine.Caller {
	trace := operation.ParseTrace(r.Header.Get("Traceparent"), strings.Join(r.Header["Tracestate"], ","))
	c := &engine.Caller{
		Request: auth.Request{Header: r.Header, ID: w.Header().Get(requestIDHeader), TraceID: trace.IDText(), Certificate: h.certificateOf(r.TLS), Host: r.Host, Query: r.URL.RawQuery, Secure: r.TLS != nil},
		Trace:   h.engine.Traces.Begin(trace),
		Client: operation.Client{
			Name:    cmp.Or(clientHeader(r.Header, "Apollographql-Client-Name"), clientHeader(r.Header, "Graphql-Client-Name")),
			Version: cmp.Or(clientHeader(r.Header, "Apollographql-Client-Version"), clientHeader(r.Header, "Graphql-Client-Version")),
		},
	}
	if state := r.TLS; c.Request.Certificate != nil {
		c.Certificate = func() *x509.Certificate { return h.certificateOf(state) }
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Request.Peer = peer.Addr().Unmap()
	}
	c.Request.Trusted = h.proxies.Contains(c.Request.Peer)
	c.Request.Client = h.proxies.ClientAddress(c.Request.Peer, r.Header)
	return c
}

// clientHeader returns a header that names a client, as far as it may be kept and shown. Its
// name is in canonical form.
func clientHeader(header http.Header, name string) string {
	values := header[name]
	if len(values) == 0 || strings.ContainsFunc(values[0], func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return operation.ShortName(values[0])
}
