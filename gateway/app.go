package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/absinthe"
	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport"
	"github.com/louche-graphql/louche/internal/parallelism"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/web"
)

// An App is one application behind the gateway, with everything that its requests are
// served with. It does not change.
type App struct {
	Config        AppConfig
	Proxies       auth.TrustedProxies
	Authenticator *auth.Authenticator
	Context       *auth.Context
	PlugRequest   *auth.PlugRequest        // nil: the application has no plugs
	Trusted       *engine.TrustedDocuments // nil: trusted documents are off
	Absinthe      *rpcclient.Absinthe
	Contract      *contract.Contract // nil: nothing is validated
	Limiter       *ratelimit.Limiter
	Sharing       *engine.Sharing       // nil: each query has a call of its own
	Subscriptions *engine.Subscriptions // nil: none are served
	Reservations  *transport.Reservations
	// Discovery returns what discovery has found; nil: there is none.
	Discovery func() DiscoveryStatus
}

// sdlFile is below an application's path, and for operators at the root as well.
const sdlFile = "/schema.graphql"

// phoenixTransport is what the client of Phoenix appends to the path of a socket.
const phoenixTransport = "/websocket"

func (c *AppConfig) sdlPath() string { return c.below(sdlFile) }

func (c *AppConfig) below(name string) string { return strings.TrimSuffix(c.Path, "/") + name }

func (g *Gateway) handler(app *App, limits Limits) *transport.Handler {
	e := engine.New(engine.App{
		Path:          app.Config.Path,
		Config:        app.Config.Operations,
		Authenticator: app.Authenticator,
		Context:       app.Context,
		PlugRequest:   app.PlugRequest,
		Trusted:       app.Trusted,
		Limiter:       app.Limiter,
		Contract:      app.Contract,
		Sharing:       app.Sharing,
		Subscriptions: app.Subscriptions,
		Upstream:      absinthe.NewUpstream(app.Absinthe, app.Config.ExposeErrors),
		Metrics:       g.metrics.Requests(app.Config.Path),
	}, g.engines, engine.Limits{InFlight: limits.InFlight, Subscriptions: limits.Subscriptions, Answer: limits.Answer})
	hold := func() (*transport.Handler, func()) { return g.hold(app.Config.Path) }
	return transport.NewHandler(e, app.Config.HTTP, transport.Limits{Body: limits.Body, Batch: limits.Batch, Answer: limits.Answer, Read: limits.ReadTimeout}, app.Proxies, g.Server.CertificateOf, detach, hold, app.Reservations)
}

// explored are the paths of those with GraphiQL.
func (g *Gateway) addRoutes(r chi.Router, app *App, h *transport.Handler, explored []string) {
	get := h.ServeHTTP
	if slices.Contains(explored, app.Config.Path) {
		get = h.WithPage(explorePage(app.Config.Path, explored)).ServeHTTP
		r.Get(app.Config.below(exploreAssets)+"{asset}", web.Explore.ServeAsset)
	}
	r = r.With(countAsLoad, h.CORS)
	options := func(path string) {
		if app.Config.CORS.Enabled() {
			r.Options(path, otherMethods(r))
		}
	}
	options(app.Config.Path)
	r.Get(app.Config.Path, get)
	r.Head(app.Config.Path, get)
	r.Post(app.Config.Path, h.ServeHTTP)
	if app.Subscriptions != nil {
		r.Put(app.Config.Path, h.ServeReservation)
		r.Delete(app.Config.Path, h.ServeReservation)
	}
	if app.Subscriptions != nil && app.Config.PhoenixSocket != "" {
		r.Get(app.Config.PhoenixSocket+phoenixTransport, h.ServePhoenix)
	}
	if app.Contract.AllowsSDL(true) {
		path := app.Config.sdlPath()
		options(path)
		r.Get(path, h.ServeSDL)
		r.Head(path, h.ServeSDL)
	}
}

// countAsLoad has the number of processors follow the load: from requests to applications, which
// are work, and not from health checks.
func countAsLoad(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parallelism.Wake()
		next.ServeHTTP(w, r)
	})
}

// otherMethods answers requests with methods that no route takes.
func otherMethods(r chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if r.Match(chi.NewRouteContext(), method, req.URL.Path) {
				allowed = append(allowed, method)
			}
		}
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
		if req.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		response.MethodNotAllowed.Write(w)
	}
}
