package gateway

import (
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/cache"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// An App is one application behind the gateway.
type App struct {
	Config   AppConfig
	Proxies  auth.TrustedProxies // those whose word on clients counts
	Context  *auth.Context
	Absinthe *rpcclient.Absinthe
	Contract *Contract // nil: nothing is asked of the nodes
	Limiter  *ratelimit.Limiter

	trusted       atomic.Pointer[TrustedDocuments] // nil where they are off
	authenticator atomic.Pointer[auth.Authenticator]
	problems      atomic.Pointer[[]string] // that /status shows
}

// SetProblems says what is wrong with the search for the application's nodes.
func (a *App) SetProblems(problems []string) { a.problems.Store(&problems) }

// Ask replaces what finds out who is asking. It has to be there before the
// application is part of a gateway; one that comes later is of the same section, and
// so looks at the same headers.
func (a *App) Ask(who *auth.Authenticator) { a.authenticator.Store(who) }

// Trust replaces the application's trusted documents, which may be nil.
func (a *App) Trust(t *TrustedDocuments) { a.trusted.Store(t) }

// A Gateway is the HTTP side: its two handlers, and what they share. What it
// serves, and within which limits, is a configuration that can be replaced while
// it runs.
type Gateway struct {
	node      *rpcclient.Node
	log       *slog.Logger
	documents *schema.DocumentCache
	persisted *cache.Cache[[sha256.Size]byte, string]
	memory    *memory.Budget // for the requests of clients
	started   time.Time
	metrics   *metrics

	mu      sync.RWMutex // of current, not of what it points to, and of tallies
	current *configuration
	tallies tallies

	tls         atomic.Pointer[tls.Config] // of the listener for clients, if it has one
	operators   atomic.Pointer[tokenHash]  // what they show; nil: nothing
	guesses     *guesses
	draining    atomic.Bool
	inFlight    atomic.Int64 // operations
	connections atomic.Int64 // open ones, of clients and operators
	turningAway atomic.Int64 // requests for which there is no memory, at the moment
	turnedAway  atomic.Uint64
}

// rememberedDocuments is how many documents of clients are not parsed again.
const rememberedDocuments = 4096

// New makes a gateway whose applications' pools are on node. Paths of applications
// must differ.
func New(node *rpcclient.Node, limits Limits, apps []*App, log *slog.Logger) *Gateway {
	g := &Gateway{
		node:      node,
		log:       log,
		documents: schema.NewDocumentCache(rememberedDocuments),
		persisted: cache.New[[sha256.Size]byte, string](limits.PersistedQueries, limits.PersistedBytes),
		memory:    memory.NewBudget(limits.Memory),
		started:   time.Now(),
		tallies:   tallies{past: make(map[string]tally)},
		guesses:   newGuesses(),
	}
	g.metrics = newMetrics(g)
	g.current = g.configure(limits, apps)
	return g
}

// SetMemory has requests take their memory from a budget that others share. It has to
// be called before the first request.
func (g *Gateway) SetMemory(budget *memory.Budget) {
	g.memory = budget
	g.current = g.configure(g.current.limits, g.current.apps)
}

// Reconfigure replaces limits and applications. Requests that have begun finish
// with the former ones; the result is closed when all have. Of limits, Header,
// IdleTimeout, Connections, ConnectionsPerAddress, Answer, Memory and those on persisted
// queries stay as they are.
func (g *Gateway) Reconfigure(limits Limits, apps []*App) (finished <-chan struct{}) {
	next := g.configure(limits, apps)
	g.mu.Lock()
	former := g.current
	g.current = next
	left := g.tallies.leave(former.apps, apps)
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		former.requests.Wait()
		g.mu.Lock()
		g.tallies.close(left)
		g.mu.Unlock()
		close(done)
	}()
	return done
}

// Drain prepares for the end: /readyz says so to load balancers, and clients are
// asked to come back on a new connection. Requests are still taken.
func (g *Gateway) Drain() { g.draining.Store(true) }

// configuration is what requests that begin now are served with.
type configuration struct {
	limits   Limits
	apps     []*App
	clients  http.Handler
	requests sync.WaitGroup
}

func (g *Gateway) configure(limits Limits, apps []*App) *configuration {
	c := &configuration{limits: limits, apps: apps}
	r := g.router(c.limits, g.memory)
	for _, app := range apps {
		g.serveApp(r, app, limits)
	}
	g.health(r)
	c.clients = r
	return c
}

// serveApp adds the routes of an application.
func (g *Gateway) serveApp(r chi.Router, app *App, limits Limits) {
	asking := app.authenticator.Load()
	read := slices.Compact(slices.Sorted(slices.Values(append(asking.Headers(), app.Context.Headers()...))))
	vary := append([]string{"Accept", "Accept-Encoding"}, read...)
	if cors := &app.Config.CORS; cors.On() {
		r = r.With(cors.allow(append(read, app.Config.TimeoutHeader)))
		r.Options(app.Config.Path, otherMethods(r))
		vary = append(vary, "Origin")
	}
	h := &graphQL{
		gateway:     g,
		app:         app,
		limits:      limits,
		metrics:     g.metrics.of(app),
		csrf:        csrf{app.Config.preventCSRF(asking.UsesAmbientCredentials() || app.Context.UsesCookies()), app.Config.CORS.Origins},
		vary:        strings.Join(vary, ", "),
		compression: compression{app.Config.Compress, app.Config.CompressFrom},
	}
	r.Get(app.Config.Path, h.ServeHTTP)
	r.Head(app.Config.Path, h.ServeHTTP)
	r.Post(app.Config.Path, h.ServeHTTP)
	h.publicSDL(r)
}

// begin returns the current configuration for a request, which counts among its
// requests until it is done.
func (g *Gateway) begin() *configuration {
	g.mu.RLock()
	defer g.mu.RUnlock()
	g.current.requests.Add(1)
	return g.current
}

// configured returns the current configuration.
func (g *Gateway) configured() *configuration {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.current
}

// Handler serves clients: every application at its path, and health for load
// balancers.
func (g *Gateway) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		c := g.begin()
		defer c.requests.Done()
		c.clients.ServeHTTP(w, r)
	})
}

// router answers what no route does as HTTP says, and OPTIONS for all that do.
func (g *Gateway) router(limits Limits, budget *memory.Budget) chi.Router {
	r := chi.NewRouter()
	r.Use(identify, noSniff, g.bounded(limits, budget))
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { notFound.write(w) })
	r.MethodNotAllowed(otherMethods(r))
	return r
}

// otherMethods answers requests with methods that no route takes.
func otherMethods(r chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			if r.Match(chi.NewRouteContext(), method, req.URL.Path) {
				allowed = append(allowed, method)
			}
		}
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
		if req.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		methodNotAllowed.write(w)
	}
}
