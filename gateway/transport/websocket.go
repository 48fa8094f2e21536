package transport

import (
	"net/http"
	"strings"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// isUpgrade reports whether a request asks for a WebSocket.
func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveSocket answers a handshake with one of GraphQL's subprotocols.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if caller := h.callerOf(w, r); h.admitOrigin(caller, r) {
		h.sockets.Serve(w.(*admission.Writer), r, caller)
	} else {
		response.ForeignOrigin.Write(w)
	}
}

// ServePhoenix answers the handshake of a socket of Phoenix.
func (h *Handler) ServePhoenix(w http.ResponseWriter, r *http.Request) {
	if caller := h.callerOf(w, r); h.admitOrigin(caller, r) {
		h.sockets.ServePhoenix(w.(*admission.Writer), r, caller)
	} else {
		response.ForeignOrigin.Write(w)
	}
}

// admitOrigin reports whether the page of a handshake may open a WebSocket. Scripts set no
// headers of a handshake: where CORS allows the page's origin no credentials, those that the
// browser attaches do not count.
func (h *Handler) admitOrigin(caller *engine.Caller, r *http.Request) bool {
	post := *r
	post.Method = http.MethodPost // sameOrigin allows any GET
	switch {
	case sameOrigin.Check(&post) == nil:
		return true
	case !h.config.CORS.allows(r.Header.Get("Origin")):
		return false
	case !h.config.CORS.Credentials:
		caller.Request.Header = r.Header.Clone()
		caller.Request.Header.Del("Cookie")
		caller.Request.Header.Del("Authorization")
		caller.Request.Certificate, caller.Certificate = nil, nil
	}
	return true
}
