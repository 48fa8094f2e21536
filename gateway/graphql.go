package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
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
	hasData bool       // whether the answer has a member "data"
	media   *mediaType // of the answer
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (h *graphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	h.serve(x, w, r)
	x.release()
}

func (x *exchange) release() {
	if x.body.Cap() <= keep && cap(x.answer) <= keep {
		x.body.Reset()
		exchanges.Put(x)
	}
}

// serve answers a request. An operation is under way from when it has been read
// until its answer has been written: so long it holds memory.
func (h *graphQL) serve(x *exchange, w http.ResponseWriter, r *http.Request) {
	var err error
	if x.media, err = negotiate(r.Header["Accept"]); err != nil {
		x.media = jsonMedia
		h.fail(x, w, r, err)
		return
	}
	single, batch, err := h.read(w, r, &x.body)
	if err != nil {
		h.fail(x, w, r, err)
		return
	}
	operations := int64(max(1, len(batch)))
	defer h.gateway.inFlight.Add(-operations)
	if h.gateway.inFlight.Add(operations) > h.limits.InFlight {
		h.fail(x, w, r, overloaded)
		return
	}
	if batch != nil {
		h.operateBatch(x, w, r, batch)
	} else if err := h.operate(x, r, single); err != nil {
		h.fail(x, w, r, err)
		return
	}
	h.write(x, w, r)
}

// operate runs one operation, if it may be run.
func (h *graphQL) operate(x *exchange, r *http.Request, req *request) error {
	req.kind = h.gateway.documents.Kind(req.query, req.operationName)
	if isSafe(r.Method) && req.kind != schema.Query {
		return onlyQueries
	}
	return h.run(x, r, req)
}

// write sends the answer.
func (h *graphQL) write(x *exchange, w http.ResponseWriter, r *http.Request) {
	forCaches(w, r)
	writeBody(w, x.media, x.media.status(x.hasData), x.answer)
}

// forCaches says that an answer to GET is not to be kept: it may be for one user
// only, which no cache could know.
func forCaches(w http.ResponseWriter, r *http.Request) {
	if isSafe(r.Method) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", "Accept")
	}
}

// run runs the operation of a request and leaves the JSON of its answer in x.
func (h *graphQL) run(x *exchange, r *http.Request, req *request) (err error) {
	var peer netip.AddrPort
	peer, _ = netip.ParseAddrPort(r.RemoteAddr)
	if x.context, err = h.app.Context.Append(x.context[:0], peer.Addr(), r.Header); err != nil {
		return err
	}
	op := rpcclient.Operation{
		Document:   req.query,
		Variables:  req.variables,
		Name:       req.operationName,
		Context:    x.context,
		Repeatable: req.kind == schema.Query,
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.app.Config.Timeout)
	defer cancel()
	answer, err := h.app.Absinthe.Run(ctx, op)
	if err != nil {
		return err
	}
	defer answer.Release()
	x.hasData = hasData(answer.Value)
	x.answer, err = answer.Value.AppendJSONWithin(x.answer[:0], h.limits.Answer)
	return err
}

// fail answers with an error.
func (h *graphQL) fail(x *exchange, w http.ResponseWriter, r *http.Request, err error) {
	f := h.failed(w, r, err)
	forCaches(w, r)
	f.writeAs(x.media, w)
}

// failed says how an error looks to a client, and logs its cause with the id that
// the client got.
func (h *graphQL) failed(w http.ResponseWriter, r *http.Request, err error) *failure {
	f := failureOf(err, h.app)
	if f.cause != nil {
		level := slog.LevelWarn
		if f.status == http.StatusInternalServerError {
			level = slog.LevelError
		}
		h.gateway.log.Log(r.Context(), level, "request failed", "request_id", w.Header().Get(requestIDHeader),
			"path", h.app.Config.Path, "code", f.code, "cause", f.cause.Error())
	}
	return f
}

// hasData says whether a result of Absinthe has the key data. It has not when
// nothing was executed.
func hasData(result etf.Term) bool {
	d := etf.NewDecoder(result)
	n, err := d.Map()
	for range n {
		if err != nil {
			break
		}
		var key string
		if key, err = d.Atom(); key == "data" {
			return true
		}
		if err == nil {
			err = d.Skip()
		}
	}
	return false
}
