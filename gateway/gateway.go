// Package gateway is the HTTP side as a whole: routes and lifecycle. It puts the rooms below
// it together: server, transport, engine, contract, admin and telemetry. It must never
// decide what becomes of a request: transport and engine do.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/gateway/admin"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/server"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/gateway/transport"
	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient"
)

// A Gateway is the HTTP side: its two handlers, and what they share. Its limits and
// applications are a configuration that can be replaced while it runs.
type Gateway struct {
	Server *server.Server // of both listeners

	node    *rpcclient.Node
	log     *slog.Logger
	engines *engine.Shared
	memory  *memory.Budget // for the requests of clients
	started time.Time
	metrics *telemetry.Metrics
	admin   *admin.Admin
	debug   atomic.Pointer[[]byte] // the effective configuration; nil: /debug is off
	console *broadcast

	mu      sync.RWMutex // of current, not of what it points to
	current *configuration

	draining atomic.Bool
	refusals admission.Refusals
}

// New returns a gateway whose applications' pools are on node, and whose requests take
// their memory from budget. Paths of applications must differ.
func New(node *rpcclient.Node, limits Limits, apps []*App, budget *memory.Budget, log *slog.Logger) *Gateway {
	g := &Gateway{
		node:    node,
		log:     log,
		engines: engine.NewShared(limits.PersistedBytes, log),
		memory:  budget,
		started: time.Now(),
		metrics: telemetry.NewMetrics(),
		admin:   admin.New(log),
	}
	g.Server = &server.Server{
		Limits:     g.serverLimits,
		IsProxy:    g.isProxy,
		Memory:     budget,
		Operators:  memory.NewBudget(adminMemory),
		OnShutdown: func() { g.console.close() },
		Log:        log,
	}
	g.console = newBroadcast(g.sample, func(ctx context.Context) { node.RefreshFigures(ctx) })
	g.metrics.Register(collector{g})
	g.current = g.configure(limits, apps)
	return g
}

// Reconfigure replaces limits and applications. Requests that have begun finish with the
// former ones; the result is closed when all have. Of limits, Header, IdleTimeout,
// Connections, ConnectionsPerAddress, Answer, Memory and PersistedBytes stay as they are.
func (g *Gateway) Reconfigure(limits Limits, apps []*App) (finished <-chan struct{}) {
	next := g.configure(limits, apps)
	g.mu.Lock()
	former := g.current
	g.current = next
	g.mu.Unlock()
	done := make(chan struct{})
	go func() {
		former.requests.Wait()
		close(done)
	}()
	return done
}

// SetAdminToken sets the token that operators send.
func (g *Gateway) SetAdminToken(token string) { g.admin.SetToken(token) }

// SetAccessLog sets which requests have a line in the log, and its fields. Operators see the
// same requests as slow.
func (g *Gateway) SetAccessLog(c telemetry.AccessConfig) {
	g.engines.Access.Configure(c)
	g.engines.Stats.SetSlow(c.Slow)
}

// SetTraces sets where traces go. Call it before requests come.
func (g *Gateway) SetTraces(t *telemetry.Traces) { g.engines.Traces = t }

// Drain prepares for the end: /readyz tells load balancers, and clients are asked to come
// back on a new connection. The gateway still takes requests.
func (g *Gateway) Drain() { g.draining.Store(true) }

// A configuration is what requests that begin now are served with. It does not change.
type configuration struct {
	limits   Limits
	apps     []*App
	clients  http.Handler
	handlers map[string]*transport.Handler // by path
	requests sync.WaitGroup
}

func (g *Gateway) configure(limits Limits, apps []*App) *configuration {
	c := &configuration{limits: limits, apps: apps, handlers: make(map[string]*transport.Handler)}
	r := g.router(g.memory, func() (read, write time.Duration) { return limits.ReadTimeout, limits.WriteTimeout })
	explored := exploredPaths(apps)
	for _, app := range apps {
		h := g.handler(app, limits)
		c.handlers[app.Config.Path] = h
		g.addRoutes(r, app, h, explored)
	}
	g.addHealth(r)
	c.clients = r
	return c
}

// begin returns the current configuration for a request, which counts among its requests
// until it is done.
func (g *Gateway) begin() *configuration {
	g.mu.RLock()
	defer g.mu.RUnlock()
	g.current.requests.Add(1)
	return g.current
}

// hold returns the current handler of a path, for an operation of a connection that outlives
// requests. Its configuration counts the operation among its requests until release is
// called. nil: there is no handler.
func (g *Gateway) hold(path string) (h *transport.Handler, release func()) {
	c := g.begin()
	if h = c.handlers[path]; h == nil {
		c.requests.Done()
	}
	return h, c.requests.Done
}

// configuration returns the current configuration.
func (g *Gateway) configuration() *configuration {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.current
}

func (g *Gateway) serverLimits() server.Limits {
	limits := g.configuration().limits
	return server.Limits{
		Header:                limits.Header,
		Connections:           limits.Connections,
		ConnectionsPerAddress: limits.ConnectionsPerAddress,
		ReadTimeout:           limits.ReadTimeout,
		WriteTimeout:          limits.WriteTimeout,
		IdleTimeout:           limits.IdleTimeout,
	}
}

// isProxy reports whether an address is that of a trusted proxy, whose connections are those
// of many clients.
func (g *Gateway) isProxy(addr netip.Addr) bool {
	apps := g.configuration().apps
	return len(apps) > 0 && apps[0].Proxies.Contains(addr)
}

// Handler serves clients: every application at its path, and health for load balancers.
func (g *Gateway) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		c := g.begin()
		if transport.MayStream(r) {
			var done func()
			r, done = holding(r, &c.requests)
			defer done()
		} else {
			defer c.requests.Done()
		}
		c.clients.ServeHTTP(w, r)
	})
}

// holdKey is the key of the function that has a request hold its configuration no more.
type holdKey struct{}

// holding returns a request that may leave its configuration before it is done: otherwise a
// stream would hold the parts of every configuration that it has outlived.
func holding(r *http.Request, requests *sync.WaitGroup) (_ *http.Request, done func()) {
	done = sync.OnceFunc(requests.Done)
	return r.WithContext(context.WithValue(r.Context(), holdKey{}, done)), done
}

// detach has a request hold its configuration no more.
func detach(r *http.Request) {
	if done, ok := r.Context().Value(holdKey{}).(func()); ok {
		done()
	}
}

// router returns a router that admits requests within a budget of memory. It answers
// requests without a route, and OPTIONS for every route.
func (g *Gateway) router(budget *memory.Budget, timeouts func() (read, write time.Duration)) chi.Router {
	control := &admission.Control{
		Memory:    budget,
		Refusals:  &g.refusals,
		Timeouts:  timeouts,
		IsSurplus: server.IsSurplus,
		IsProbe:   isProbe,
	}
	r := chi.NewRouter()
	r.Use(transport.SetRequestID, transport.SetNoSniff, control.Admit)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { response.NotFound.Write(w) })
	r.MethodNotAllowed(otherMethods(r))
	return r
}
