package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// graphQL serves one application.
type graphQL struct {
	gateway *Gateway
	app     *App
	limits  Limits
}

// keep bounds the buffers that are kept for later requests, in bytes.
const keep = 1 << 20

// exchange holds the memory of one request.
type exchange struct {
	body    bytes.Buffer
	context []byte
	answer  []byte
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (h *graphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	h.serve(x, w, r)
	if x.body.Cap() <= keep && cap(x.answer) <= keep {
		x.body.Reset()
		exchanges.Put(x)
	}
}

// serve answers a request. An operation is under way from when it has been read
// until its answer has been written: so long it holds memory.
func (h *graphQL) serve(x *exchange, w http.ResponseWriter, r *http.Request) {
	req, err := h.read(w, r, &x.body)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	defer h.gateway.inFlight.Add(-1)
	if h.gateway.inFlight.Add(1) > h.limits.InFlight {
		h.fail(w, r, overloaded)
		return
	}
	if err := h.run(x, r, req); err != nil {
		h.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, x.answer)
}

// run runs the operation of a request and leaves the JSON of its answer in x.
func (h *graphQL) run(x *exchange, r *http.Request, req *request) (err error) {
	var peer netip.AddrPort
	peer, _ = netip.ParseAddrPort(r.RemoteAddr)
	if x.context, err = h.app.Context.Append(x.context[:0], peer.Addr(), r.Header); err != nil {
		return err
	}
	judged := h.app.Contract.judge(req)
	if refusal := judged.refusal(); refusal != nil {
		x.answer = append(x.answer[:0], refusal...)
		return nil
	}
	op := rpcclient.Operation{
		Document:   req.query,
		Variables:  req.variables,
		Name:       req.operationName,
		Context:    x.context,
		Repeatable: h.gateway.documents.Kind(req.query, req.operationName) == schema.Query,
		Fit:        judged.fit,
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.app.Config.Timeout)
	defer cancel()
	answer, err := h.app.Absinthe.Run(ctx, op)
	if err != nil {
		return err
	}
	defer answer.Release()
	judged.answered(answer.Value, r.Header)
	x.answer, err = answer.Value.AppendJSONWithin(x.answer[:0], h.limits.Answer)
	return err
}

// fail answers with an error, and logs its cause with the id that the client got.
func (h *graphQL) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := failureOf(err, h.app)
	if f.cause != nil {
		level := slog.LevelWarn
		if f.status == http.StatusInternalServerError {
			level = slog.LevelError
		}
		h.gateway.log.Log(r.Context(), level, "request failed", "request_id", w.Header().Get(requestIDHeader),
			"path", h.app.Config.Path, "code", f.code, "cause", f.cause.Error())
	}
	f.write(w)
}
