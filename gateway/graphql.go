package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"time"

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

func (h *graphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x, err := newExchange(accountOf(w))
	if err != nil {
		overloaded.write(w)
		return
	}
	x.began = began
	if h.serve(x, w, r) {
		h.write(x, w, r)
	}
	x.release()
}

// serve leaves the answer to a request in x, or reports false where it has answered
// with an error. An operation is under way from when it has been read until its answer
// is ready: what waits only for its client takes the place of no other.
func (h *graphQL) serve(x *exchange, w http.ResponseWriter, r *http.Request) (ready bool) {
	var err error
	if x.media, err = negotiate(r.Header["Accept"]); err != nil {
		x.media = jsonMedia
		h.fail(x, w, r, err)
		return false
	}
	if err := h.csrf.check(r); err != nil { // not counted: a page would use up its visitor's limits
		h.fail(x, w, r, err)
		return false
	}
	from, err := h.identify(x, w, r)
	if err != nil {
		h.fail(x, w, r, err)
		return false
	}
	single, batch, err := h.read(x, w, r)
	if err == nil {
		err = h.answer(x, w, r, from, single, batch)
	}
	if err != nil {
		h.fail(x, w, r, err)
		return false
	}
	return true
}

// answer runs the operations of a request and leaves their answer in x.
func (h *graphQL) answer(x *exchange, w http.ResponseWriter, r *http.Request, from *caller, single *request, batch []*batched) error {
	operations := int64(max(1, len(batch)))
	defer h.gateway.inFlight.Add(-operations)
	if h.gateway.inFlight.Add(operations) > h.limits.InFlight {
		return overloaded
	}
	if batch != nil {
		return h.operateBatch(x, w, r, from, batch)
	}
	single.arrived = true
	if err := h.operate(x, r, from, single); err != nil {
		return err
	}
	h.metrics.countAnswer(x, x.began)
	return nil
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
	if err := h.app.Config.DocumentLimits.read(h.gateway.documents, req); err != nil {
		return err
	}
	if err := h.checkSent(req); err != nil {
		return err
	}
	kind := req.operation.Kind
	if isSafe(r.Method) && kind != schema.Query {
		return notByGet(kind)
	}
	if err := h.app.authenticator.Load().Authorize(from.identity, kind.String(), req.operation.Name); err != nil {
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

// resolve finds the document that a request names by an id or a hash. It refuses one
// that has to be trusted and is not.
func (h *graphQL) resolve(req *request) error {
	if t := h.app.trusted.Load(); t != nil {
		if settled, err := h.trusted(t, req); settled || err != nil {
			return err
		}
	}
	switch {
	case req.query != "":
	case req.hash != "":
		return h.persisted(req)
	case req.id != "":
		return notInManifest
	}
	req.sent = true
	return nil
}

// checkSent checks a document that the client sent, and that no manifest has: its hash
// is the one that came with it.
func (h *graphQL) checkSent(req *request) error {
	if !req.sent {
		return nil
	}
	if t := h.app.trusted.Load(); t != nil {
		h.reportUntrusted(t, req)
	}
	if req.hash != "" && h.app.Config.PersistedQueries != persistedOff {
		if hash, ok := parseHash(req.hash); !ok || hash != req.document.Hash {
			return persistedMismatch
		}
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
	x.code, x.outcome, x.hasData, x.caching = answered, fine, false, noStore
	var named bool
	if x.context, named, err = h.app.Context.Append(x.context[:0], &from.request, from.identity); err != nil {
		return err
	}
	if err := h.app.Config.DocumentLimits.permits(req.operation, named || from.identity != nil); err != nil {
		return err
	}
	judged := h.app.Contract.judge(req)
	if refusal := judged.refusal(); refusal != nil {
		x.code, x.answer = validationFailed, append(x.answer[:0], refusal...)
		return nil
	}
	op := rpcclient.Operation{
		Document:   req.document.Text,
		Variables:  req.variables,
		Name:       req.operationName,
		Context:    x.context,
		Idempotent: req.isQuery(),
		Filter:     judged.filter,
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
		return dropped(err, req.isQuery())
	}
	defer answer.Release()
	x.node = answer.Node
	judged.answered(answer.Value, r.Header)
	x.hasData = hasMember(answer.Value, "data")
	x.outcome = outcomeOf(answer.Value)
	if req.byID && x.outcome == fine {
		x.caching = h.app.Config.Trusted.CacheControl
	}
	result, err := h.present(x, answer.Value, r, from)
	if err == nil {
		err = x.print(ctx, result, req.operation.Order(req.variables), h.app.Absinthe.StructEncoder(ctx, answer), h.limits.Answer)
	}
	return dropped(err, req.isQuery())
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
