package gateway

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/schema"
)

// sdlFile is below an application's path, and for operators at the root as well.
const sdlFile = "/schema.graphql"

func (c *AppConfig) sdlPath() string { return strings.TrimSuffix(c.Path, "/") + sdlFile }

// publicSDL lets clients read the schema, where the application says so.
func (h *graphQL) publicSDL(r chi.Router) {
	if contract := h.app.Contract; contract != nil && contract.cfg.SDL == "public" {
		path := h.app.Config.sdlPath()
		r.Get(path, h.serveSDL)
		r.Head(path, h.serveSDL)
		if h.app.Config.CORS.On() {
			r.Options(path, otherMethods(r))
		}
	}
}

// serveSDL answers whoever may run queries, and may ask for the schema by one.
func (h *graphQL) serveSDL(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", h.vary)
	x := new(exchange)
	err := h.permitSDL(x, w, r)
	announce(w.Header(), x.quotas)
	if err != nil {
		f := failureOf(err, h.app)
		if f.cause != nil {
			h.log(w, r, f)
		}
		f.write(w)
		return
	}
	h.app.Contract.serveSDL(w, r)
}

// permitSDL holds a request for the schema against the rules for a query that asks for
// it, and counts it as one.
func (h *graphQL) permitSDL(x *exchange, w http.ResponseWriter, r *http.Request) error {
	from, err := h.identify(x, w, r)
	if err != nil {
		return err
	}
	if err := h.app.authenticator.Load().Authorize(from.identity, schema.Query.String(), ""); err != nil {
		return err
	}
	if err := h.chargeOperation(x, from, schema.Query, 1, true); err != nil {
		return err
	}
	_, named, err := h.app.Context.Append(nil, &from.request, from.identity)
	if err == nil && h.app.Config.DocumentLimits.OnlyIdentified() && !named && from.identity == nil {
		return introspectionForbidden
	}
	return err
}

// adminSDL lets operators read every application's schema at its path, and that of
// the first one at the root. It is looked for among the applications that there
// are at the moment.
func (g *Gateway) adminSDL(w http.ResponseWriter, r *http.Request) {
	for i, app := range g.configured().apps {
		here := r.URL.Path == app.Config.sdlPath() || i == 0 && r.URL.Path == sdlFile
		if here && app.Contract != nil && app.Contract.cfg.SDL != "off" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			app.Contract.serveSDL(w, r)
			return
		}
	}
	notFound.write(w)
}

func (c *Contract) serveSDL(w http.ResponseWriter, r *http.Request) {
	s := c.served()
	if s == nil {
		unknownSchema.write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/graphql; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", fmt.Sprintf("\"%x\"", sha256.Sum256([]byte(s.SDL()))))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(s.SDL()))
}
