package socket

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
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// connectionMemory is the memory of a connection besides its header, operations and messages, in
// bytes: its goroutine and buffers.
const connectionMemory = 16 << 10

// serve answers a handshake. The socket takes the connection from net/http and outlives the
// handler. names are the subprotocols that it takes; choose returns the one that was negotiated.
func (a *Application) serve(w *admission.Writer, r *http.Request, caller *engine.Caller, names []string, choose func(name string) subprotocol) {
	account := w.Account.Open()
	if !account.Reserve(connectionMemory + admission.HeaderMemory(r)) {
		response.FromOperation(operation.Overloaded, 0).Write(w)
		return
	}
	deflates := a.MinCompressed > 0 && offersDeflate(r.Header)
	handshake := &handshake{ResponseWriter: w, conn: &pacedConn{timeout: w.Timeout}}
	upgrader := websocket.Upgrader{
		ReadBufferSize:    1 << 10,
		WriteBufferPool:   &writeBuffers, // an idle connection has none
		Subprotocols:      names,
		CheckOrigin:       func(*http.Request) bool { return true }, // done
		EnableCompression: deflates,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			refusal := operation.Error{Code: "BAD_REQUEST", Message: "The handshake is not that of a WebSocket: " + reason.Error() + "."}
			(&response.Error{Status: status, Failure: refusal}).Write(w)
		},
	}
	ws, err := upgrader.Upgrade(handshake, r, nil)
	if err != nil {
		account.Close()
		return
	}
	w.Status = http.StatusSwitchingProtocols
	s := &socket{
		app:        a,
		protocol:   choose(ws.Subprotocol()),
		ws:         ws,
		deflates:   deflates,
		conn:       handshake.conn,
		caller:     caller,
		account:    account,
		operations: make(map[string]*activeOperation),
	}
	s.ctx, s.close = context.WithCancelCause(context.Background())
	ws.SetReadLimit(a.MaxMessage)
	go s.serve()
}

var writeBuffers sync.Pool

// offersDeflate reports whether a client offers permessage-deflate with any window.
func offersDeflate(header http.Header) bool {
	offers := strings.Join(header["Sec-Websocket-Extensions"], ",")
	return strings.Contains(offers, "permessage-deflate") && !strings.Contains(offers, "server_max_window_bits")
}

// A handshake wraps the connection that it gives away.
type handshake struct {
	http.ResponseWriter
	conn *pacedConn
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
