package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
)

// socketMemory is the memory of a connection besides its header, operations and messages, in
// bytes: its goroutine and buffers.
const socketMemory = 16 << 10

// isUpgrade reports whether a request asks for a WebSocket.
func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveSocket answers a handshake. The socket takes the connection from net/http and outlives
// the handler. names are the subprotocols that it takes; choose returns the one that was
// negotiated.
func (h *Handler) serveSocket(w *deadlineWriter, r *http.Request, names []string, choose func(name string) subprotocol) {
	caller := h.callerOf(w, r)
	if !h.admitOrigin(caller, r) {
		response.ForeignOrigin.Write(w)
		return
	}
	account := w.account.Open()
	if !account.Reserve(socketMemory + headerMemory(r)) {
		response.FromOperation(operation.Overloaded, 0).Write(w)
		return
	}
	deflates := len(h.compression.codings) > 0 && offersDeflate(r.Header)
	handshake := &handshake{ResponseWriter: w, conn: &socketConn{timeout: w.timeout}}
	upgrader := websocket.Upgrader{
		ReadBufferSize:    1 << 10,
		WriteBufferPool:   &socketBuffers, // an idle connection has none
		Subprotocols:      names,
		CheckOrigin:       func(*http.Request) bool { return true }, // done
		EnableCompression: deflates,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			httpError(status, "BAD_REQUEST", "The handshake is not that of a WebSocket: "+reason.Error()+".").Write(w)
		},
	}
	ws, err := upgrader.Upgrade(handshake, r, nil)
	if err != nil {
		account.Close()
		return
	}
	w.status = http.StatusSwitchingProtocols
	s := &socket{
		handler:    h,
		protocol:   choose(ws.Subprotocol()),
		ws:         ws,
		deflates:   deflates,
		conn:       handshake.conn,
		caller:     caller,
		account:    account,
		operations: make(map[string]*socketOperation),
	}
	s.ctx, s.close = context.WithCancelCause(context.Background())
	ws.SetReadLimit(h.limits.Body)
	go s.serve()
}

var socketBuffers sync.Pool

// offersDeflate reports whether a client offers permessage-deflate with any window.
func offersDeflate(header http.Header) bool {
	offers := strings.Join(header["Sec-Websocket-Extensions"], ",")
	return strings.Contains(offers, "permessage-deflate") && !strings.Contains(offers, "server_max_window_bits")
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

// A handshake wraps the connection that it gives away.
type handshake struct {
	http.ResponseWriter
	conn *socketConn
}

// Hijack implements [http.Hijacker].
func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.conn.Conn = conn
	return h.conn, buffered, err
}

// withCredentials returns a header with the tokens that a client sent in a message, whose keys
// are names of headers in any case. Only headers whose value proves an identity count: others,
// such as those of trusted proxies, stay as the handshake has them.
func withCredentials(header http.Header, credentials map[string]string, names []string) http.Header {
	header = header.Clone()
	for key, value := range credentials {
		if name := http.CanonicalHeaderKey(key); slices.Contains(names, name) && httpguts.ValidHeaderFieldValue(value) {
			header[name] = []string{value}
		}
	}
	return header
}
