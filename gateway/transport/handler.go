// Package transport is GraphQL over HTTP: it makes operations of requests, and responses of
// their results. It must never see a node or decide what becomes of an operation: the
// engine does.
package transport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/gateway/transport/socket"
	"github.com/louche-graphql/louche/ratelimit"
)

// A Handler serves one application. It does not change.
type Handler struct {
	engine        *engine.Engine
	config        Config
	limits        Limits
	proxies       auth.TrustedProxies
	certificateOf func(*tls.ConnectionState) *x509.Certificate
	detach        func(*http.Request)
	sockets       *socket.Application
	reservations  *Reservations

	authHeaders    []string // that authentication reads
	contextHeaders []string // that authentication, context and plugs read
	vary           string   // the headers that answers depend on
	csrf           csrf
	compression    compression
	uploads        chan struct{} // has an element for each request with files
}

// NewHandler returns a Handler. certificateOf returns the valid certificate of the client of
// a connection; nil: there is none. detach is called for requests that become streams: they
// hold the configuration no more. hold returns the current handler of the path, whose
// configuration is held until the function is called; nil: the path is served no more.
// reservations are those of the application.
func NewHandler(e *engine.Engine, cfg Config, limits Limits, proxies auth.TrustedProxies, certificateOf func(*tls.ConnectionState) *x509.Certificate, detach func(*http.Request), hold func() (*Handler, func()), reservations *Reservations) *Handler {
	h := &Handler{
		engine:        e,
		config:        cfg,
		limits:        limits,
		proxies:       proxies,
		certificateOf: certificateOf,
		detach:        detach,
		reservations:  reservations,
		authHeaders:   e.Authenticator.Headers(),
		csrf:          csrf{cfg.preventCSRF(e.Authenticator.UsesAmbientCredentials() || e.Context.UsesCookies() || e.PlugRequest.UsesCookies()), cfg.CORS.allows},
		compression:   compression{cfg.Compress},
		uploads:       make(chan struct{}, max(0, cfg.Uploads.Concurrent)),
	}
	h.sockets = &socket.Application{
		Engine:        e,
		MaxMessage:    limits.Body,
		ReadTimeout:   limits.Read,
		MinCompressed: h.compression.least(),
		Hold: func() (*socket.Application, func()) {
			current, release := hold()
			if current == nil {
				return nil, release
			}
			return current.sockets, release
		},
	}
	h.contextHeaders = slices.Compact(slices.Sorted(slices.Values(slices.Concat(h.authHeaders, e.Context.Headers(), e.PlugRequest.Headers()))))
	vary := append([]string{"Accept", "Accept-Encoding"}, h.contextHeaders...)
	if cfg.CORS.Enabled() {
		vary = append(vary, "Origin")
	}
	h.vary = strings.Join(vary, ", ")
	return h
}

// CORS tells browsers which origins may read the answers of next.
func (h *Handler) CORS(next http.Handler) http.Handler {
	if !h.config.CORS.Enabled() {
		return next
	}
	return h.config.CORS.handler(append(h.contextHeaders, timeoutHeader, tokenHeader), h.config.Response.Headers)(next)
}

// ServeHTTP answers a GraphQL request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.engine.Subscriptions != nil && isUpgrade(r) {
		h.serveSocket(w, r)
		return
	}
	s, err := openState(w.(*admission.Writer).Account, time.Now())
	if err != nil {
		response.FromOperation(operation.Overloaded, 0).Write(w)
		return
	}
	s.hasFiles = h.takesFiles(r)
	caller := h.callerOf(w, r)
	from, err := h.answer(s, w, r, caller)
	if from != nil {
		var stream *stream
		if stream, err = h.openStream(s, w, r, caller, from); err == nil {
			s.close()
			stream.start(r)
			return
		}
	}
	s.result.Quotas = append(slices.Clip(caller.Quotas), s.result.Quotas...)
	switch {
	case err != nil:
		h.fail(s, w, r, err)
	case s.accepted:
		w.WriteHeader(http.StatusAccepted)
	default:
		s.result.Enter(operation.StageWrite)
		h.write(s, w, r)
	}
	if s.hasFiles {
		h.engine.Metrics.CountUpload(cmp.Or(s.result.Code, operation.OK)) // a batch has no code
	}
	if !s.goesOn {
		h.reportAll(s, w, r, caller)
	}
	s.close()
}

// answer leaves the answer to a request in s, or returns the source of a stream. Operations
// hold slots until their answer is ready: an answer that waits for its client holds none.
func (h *Handler) answer(s *responseState, w http.ResponseWriter, r *http.Request, caller *engine.Caller) (from source, err error) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			panic(p)
		} else if p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	media, stream, err := negotiate(r.Header["Accept"])
	if err != nil {
		return nil, err
	}
	s.media, s.stream = media, stream
	token := streamToken(r)
	if token != "" && isSafe(r.Method) && stream == eventStream { // the token authenticates
		s.stream = reservedStream
		reservation, err := h.reservations.claim(token)
		if err != nil {
			return nil, err
		}
		return reservation, nil
	}
	if err := h.csrf.check(r); err != nil { // not counted: a page could use up its visitor's rate limits
		return nil, err
	}
	if err := h.engine.Authenticate(r.Context(), caller); err != nil {
		return nil, err
	}
	if s.hasFiles {
		if !h.beginUpload() {
			return nil, errTooManyUploads
		}
		defer h.endUpload()
	}
	s.result.Enter(operation.StageRead)
	single, batch, err := h.read(s, w, r)
	if err != nil {
		return nil, err
	}
	slots := max(1, len(batch))
	defer h.engine.Release(slots)
	if !h.engine.Acquire(slots) {
		return nil, operation.Overloaded
	}
	if batch != nil {
		return nil, h.runBatch(s, w, r, caller, batch)
	}
	if token != "" && !isSafe(r.Method) && (single.StreamID != "" || r.Header.Get(tokenHeader) != "") {
		reservation, err := h.reservations.find(token, caller)
		if err == nil {
			err = h.runOn(reservation, s, w, r, caller, single)
		}
		return nil, err
	}
	single.Stream = stream != nil
	subscription, err := h.engine.Run(r.Context(), caller, single, &s.result)
	if subscription != nil {
		return subscription, nil
	}
	if err == nil {
		h.engine.Metrics.CountResult(&s.result, s.began)
	}
	return nil, err
}

// write sends the answer.
func (h *Handler) write(s *responseState, w http.ResponseWriter, r *http.Request) {
	h.setCacheHeaders(w, r, s.result.CacheControl)
	if !isSafe(r.Method) || s.result.CacheControl == operation.NoStore { // a cache would repeat them to other clients
		setRateLimitHeaders(w.Header(), s.result.Quotas)
	}
	if s.media == eventStreamMedia && !wrapWhole(&s.result.JSON) {
		s.media = responseMedia
		h.fail(s, w, r, operation.Overloaded)
		return
	}
	h.config.Response.set(w.Header(), s.result.Header)
	body := s.result.JSON.Bytes
	if name, done := h.compression.compress(s, r); done {
		w.Header().Set("Content-Encoding", name)
		body = s.compressed.Bytes
	}
	response.Write(w, cmp.Or(s.result.ReplyStatus, s.media.status(s.result.HasData)), s.media.contentType, body)
}

// setCacheHeaders says whether caches may keep an answer to GET, and what it depends on.
func (h *Handler) setCacheHeaders(w http.ResponseWriter, r *http.Request, cacheControl string) {
	if isSafe(r.Method) {
		w.Header().Set("Cache-Control", cacheControl)
		w.Header().Set("Vary", h.vary)
	}
}

// fail answers with an error.
func (h *Handler) fail(s *responseState, w http.ResponseWriter, r *http.Request, err error) {
	e := h.count(s, &s.result.Report, err)
	h.setCacheHeaders(w, r, operation.NoStore)
	setRateLimitHeaders(w.Header(), s.result.Quotas)
	switch {
	case e.Reply != nil:
		h.config.Response.writeReply(w, e.Reply)
	case s.media != eventStreamMedia:
		e.WriteAs(w, s.media.contentType)
	case e.Class == operation.Unexecuted:
		response.Write(w, http.StatusOK, s.media.contentType, append(nextEvent(e.Body()), completeEvent...))
	default:
		e.WriteAs(w, responseMedia.contentType)
	}
}

// count counts and reports an error, and returns how it looks to the client.
func (h *Handler) count(s *responseState, report *operation.Report, err error) *response.Error {
	e := h.errorOf(err, s.media)
	h.engine.Metrics.CountError(e.Code, s.began)
	report.Code, report.Outcome, report.Cause = e.Code, operation.Succeeded, e.Cause
	return e
}

// ServeSDL answers with the schema, if the caller may read it.
func (h *Handler) ServeSDL(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", h.vary)
	timer := operation.StartTimer(time.Now())
	caller := h.callerOf(w, r)
	quotas, err := h.engine.AllowSDL(r.Context(), caller, []ratelimit.Quota(nil))
	setRateLimitHeaders(w.Header(), append(caller.Quotas, quotas...))
	if err != nil {
		e := h.errorOf(err, jsonMedia)
		e.Write(w)
		h.report(&operation.Report{Code: e.Code, Cause: e.Cause, Timer: timer}, w, r, caller)
		return
	}
	response.WriteSDL(w, r, h.engine.Contract.SDL())
}
