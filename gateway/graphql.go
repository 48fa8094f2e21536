package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

// graphQL serves one application.
type graphQL struct {
	gateway *Gateway
	app     *App
	limits  Limits
	metrics requestMetrics

	csrf        csrf
	vary        string // the headers that answers depend on
	compression compression
}

// keep bounds the buffers that are kept for later requests, in bytes.
const keep = 1 << 20

// exchange holds the memory of one request.
type exchange struct {
	began   time.Time
	body    bytes.Buffer
	context []byte
	answer  []byte
	packed  []byte            // the answer, compressed
	code    string            // of the answer: answered, or that of its error
	hasData bool              // whether the answer has a member "data"
	caching string            // of the answer to a GET: Cache-Control
	media   *mediaType        // of the answer
	quotas  []ratelimit.Quota // that the caller has, as far as rate limits were asked
	node    string            // that answered
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (h *graphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	x.began = time.Now()
	h.serve(x, w, r)
	x.release()
}

func (x *exchange) release() {
	if x.body.Cap() <= keep && cap(x.answer) <= keep && cap(x.packed) <= keep {
		x.body.Reset()
		x.quotas = x.quotas[:0]
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
	if err := h.csrf.check(r); err != nil { // not counted: a page would use up its visitor's limits
		h.fail(x, w, r, err)
		return
	}
	from, err := h.identify(x, w, r)
	if err != nil {
		h.fail(x, w, r, err)
		return
	}
	single, batch, err := h.read(x, w, r)
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
		h.operateBatch(x, w, r, from, batch)
	} else {
		single.arrived = true
		if err := h.operate(x, r, from, single); err != nil {
			h.fail(x, w, r, err)
			return
		}
		h.metrics.count(x.code, x.began)
	}
	h.write(x, w, r)
}

// operate runs one operation, if it may be run. Those of a batch are run at once, so
// they have no part in the response: not even its Header may be called by many.
func (h *graphQL) operate(x *exchange, r *http.Request, from *caller, req *request) (err error) {
	if x.node = ""; h.gateway.log.Enabled(r.Context(), slog.LevelDebug) {
		began := time.Now()
		defer func() { h.trace(x, r, from, req, time.Since(began), err) }()
	}
	if err := h.resolve(req); err != nil {
		return err
	}
	if req.document, err = h.app.Config.DocumentLimits.read(h.gateway.documents, req.query, req.operationName); err != nil {
		return err
	}
	kind := req.document.Kind(req.operationName)
	if isSafe(r.Method) && kind != schema.Query {
		return notByGet(kind)
	}
	if err := h.app.authenticator.Load().Authorize(from.identity, kind.String(), req.document.Name(req.operationName)); err != nil {
		return err
	}
	rootFields, err := h.rootFields(req)
	if err != nil {
		return err
	}
	if err := h.chargeOperation(x, from, kind, rootFields, req.arrived); err != nil {
		return err
	}
	if kind == schema.Subscription {
		return noSubscriptions
	}
	return h.run(x, r, from, req)
}

// notByGet is the failure of an operation that GET asks for and that is no query.
func notByGet(kind schema.Kind) error {
	if kind != schema.Subscription {
		return onlyQueries
	}
	f := *noSubscriptions
	f.status, f.header = onlyQueries.status, onlyQueries.header
	return &f
}

// resolve sees to it that a request has a document which may be run.
func (h *graphQL) resolve(req *request) error {
	if t := h.app.trusted.Load(); t != nil {
		if settled, err := h.trusted(t, req); settled || err != nil {
			return err
		}
	}
	if req.hash != "" {
		return h.persisted(req)
	}
	if req.query == "" && req.id != "" {
		return notInManifest
	}
	return nil
}

// write sends the answer.
func (h *graphQL) write(x *exchange, w http.ResponseWriter, r *http.Request) {
	h.forCaches(w, r, x.caching)
	if !isSafe(r.Method) || x.caching == noStore { // what is kept would be told to others, and later
		announce(w.Header(), x.quotas)
	}
	body := x.answer
	if name, done := h.compression.compress(x, r); done {
		w.Header().Set("Content-Encoding", name)
		body = x.packed
	}
	writeBody(w, x.media, x.media.status(x.hasData), body)
}

// noStore is for answers to GET that are perhaps for one user only, which no cache
// could know.
const noStore = "no-store"

// forCaches says whether an answer to GET may be kept, and what it depends on.
func (h *graphQL) forCaches(w http.ResponseWriter, r *http.Request, caching string) {
	if isSafe(r.Method) {
		w.Header().Set("Cache-Control", caching)
		w.Header().Set("Vary", h.vary)
	}
}

// run runs the operation of a request and leaves the JSON of its answer in x.
func (h *graphQL) run(x *exchange, r *http.Request, from *caller, req *request) (err error) {
	x.code, x.hasData, x.caching = answered, false, noStore
	var named bool
	if x.context, named, err = h.app.Context.Append(x.context[:0], &from.request, from.identity); err != nil {
		return err
	}
	if err := h.app.Config.DocumentLimits.permits(req.document, req.operationName, named || from.identity != nil); err != nil {
		return err
	}
	judged := h.app.Contract.judge(req)
	if refusal := judged.refusal(); refusal != nil {
		x.code, x.answer = validationFailed, append(x.answer[:0], refusal...)
		return nil
	}
	op := rpcclient.Operation{
		Document:   req.query,
		Variables:  req.variables,
		Name:       req.operationName,
		Context:    x.context,
		Repeatable: req.isQuery(),
		Fit:        judged.fit,
	}
	from.claim(&op)
	timeout, err := h.app.Config.timeout(r.Header)
	if err != nil {
		return err
	}
	h.persist(req)
	ctx, cancel := context.WithTimeoutCause(r.Context(), timeout, h.timeoutCause(timeout, req))
	defer cancel()
	answer, err := h.app.Absinthe.Run(ctx, op)
	if err != nil {
		return err
	}
	defer answer.Release()
	x.node = answer.Node
	judged.answered(answer.Value, r.Header)
	x.hasData = hasMember(answer.Value, "data")
	if req.byID && !hasMember(answer.Value, "errors") {
		x.caching = h.app.Config.Trusted.CacheControl
	}
	result := h.present(answer.Value, r, from)
	x.answer, err = result.AppendJSONOrdered(ctx, x.answer[:0], req.document.Order(req.operationName, req.variables), h.limits.Answer)
	return err
}

// fail answers with an error.
func (h *graphQL) fail(x *exchange, w http.ResponseWriter, r *http.Request, err error) {
	f := h.failed(x, w, r, err)
	h.forCaches(w, r, noStore)
	announce(w.Header(), x.quotas)
	f.writeAs(x.media, w)
}

// failed counts an error, says how it looks to a client, and logs its cause with the
// id that the client got.
func (h *graphQL) failed(x *exchange, w http.ResponseWriter, r *http.Request, err error) *failure {
	f := failureOf(err, h.app)
	h.metrics.count(f.code, x.began)
	if f.cause != nil {
		h.log(w, r, f)
	}
	return f
}

// log writes why a request failed.
func (h *graphQL) log(w http.ResponseWriter, r *http.Request, f *failure) {
	level := slog.LevelWarn
	if f.status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.gateway.log.Log(r.Context(), level, "request failed",
		"request_id", w.Header().Get(requestIDHeader), "path", h.app.Config.Path, "code", f.code, "cause", f.cause)
}

// hasMember says whether a result of Absinthe has the key. data it has not when
// nothing was executed.
func hasMember(result etf.Term, name string) bool {
	d := etf.NewDecoder(result)
	n, err := d.Map()
	for i := 0; err == nil && i < n; i++ {
		var key string
		if key, err = d.Atom(); key == name {
			return true
		}
		if err == nil && i < n-1 {
			err = d.Skip()
		}
	}
	return false
}
