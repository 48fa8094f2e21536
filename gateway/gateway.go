package gateway

import (
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
)

// An App is one application behind the gateway.
type App struct {
	Config   AppConfig
	Context  *auth.Context
	Absinthe *rpcclient.Absinthe
}

// A Gateway is the HTTP side: its two handlers, and what they share.
type Gateway struct {
	limits Limits
	apps   []*App
	log    *slog.Logger
}

// New makes a gateway. Paths of applications must differ.
func New(limits Limits, apps []*App, log *slog.Logger) *Gateway {
	return &Gateway{limits, apps, log}
}

// Handler serves clients: every application at its path, and health for load
// balancers.
func (g *Gateway) Handler() http.Handler {
	r := g.router()
	for _, app := range g.apps {
		h := &graphQL{app: app, limits: g.limits, log: g.log}
		r.Post(app.Config.Path, h.ServeHTTP)
	}
	g.health(r)
	return r
}

// Admin serves operators: health.
func (g *Gateway) Admin() http.Handler {
	r := g.router()
	g.health(r)
	return r
}

// router answers what no route does as a GraphQL server would.
func (g *Gateway) router() chi.Router {
	r := chi.NewRouter()
	r.Use(identify, g.deadline)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { notFound.write(w) })
	r.MethodNotAllowed(func(w http.ResponseWriter, req *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			if r.Match(chi.NewRouteContext(), method, req.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		methodNotAllowed.write(w)
	})
	return r
}
