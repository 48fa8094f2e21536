// Package socket serves WebSockets: the subprotocols of GraphQL and Phoenix channels, and the
// operations on them. It must never know a node or decide what becomes of an operation: the
// engine does.
package socket

import (
	"net/http"
	"strings"
	"time"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// An Application is what WebSockets need of an application. It does not change.
type Application struct {
	Engine        *engine.Engine
	MaxMessage    int64         // the largest message of a client, in bytes
	ReadTimeout   time.Duration // for a message
	MinCompressed int           // the least size of a message that is compressed, in bytes; 0: none is
	// Hold returns the current application of the path, whose configuration is held until the
	// function is called; nil: the path is served no more.
	Hold func() (*Application, func())
}

// Serve answers the handshake of a WebSocket with a subprotocol of GraphQL. The caller is not
// authenticated yet.
func (a *Application) Serve(w *admission.Writer, r *http.Request, caller *engine.Caller) {
	a.serve(w, r, caller, subprotocolNames, func(name string) subprotocol { return subprotocols[name] })
}

// ServePhoenix answers the handshake of a socket of Phoenix.
func (a *Application) ServePhoenix(w *admission.Writer, r *http.Request, caller *engine.Caller) {
	params := r.URL.Query()
	p := &phoenix{params: params, arrays: strings.HasPrefix(params.Get("vsn"), "2.")}
	for _, offered := range r.Header["Sec-Websocket-Protocol"] {
		p.protocol = append(p.protocol, strings.Split(offered, ",")...)
	}
	a.serve(w, r, caller, []string{phoenixSubprotocol}, func(string) subprotocol { return p })
}
