package gateway

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/web"
)

// adminMemory bounds the memory for requests of operators, in bytes. It is apart from that
// of clients.
const adminMemory = 32 << 20

// An adminRoute is a path of the operators' listener.
type adminRoute struct {
	method, path string
	about        string
	serve        http.HandlerFunc
}

func (g *Gateway) adminRoutes() []adminRoute {
	return []adminRoute{
		{http.MethodGet, "/console/events", "samples for the page at /console/", g.console.serve},
		{http.MethodGet, "/status", "the state of the gateway, its pools and their nodes", g.serveStatus},
		{http.MethodGet, "/operations", "the figures of operations, with their latest slow and failed requests", g.serveOperations},
		{http.MethodGet, "/slow", "the lines of code where slow operations are", g.serveSlow},
		{http.MethodGet, "/schemas/diff", "how the schemas of nodes differ; ?path=, ?from= and ?to=: the application and two hashes of /status", g.serveSchemaDiff},
		{http.MethodGet, "/metrics", "the metrics, for Prometheus", g.metrics.Handler(g.log).ServeHTTP},
		{http.MethodGet, "/usage", "which clients use which parts of the schemas; ?deprecated=true: of deprecated ones", g.serveUsage},
		{http.MethodPost, "/nodes/{node}/drain", "the node gets no new calls; those in flight finish", g.drainNode(true)},
		{http.MethodPost, "/nodes/{node}/undrain", "the node gets new calls again", g.drainNode(false)},
		{http.MethodGet, "/log/level", "the level of the log", g.serveLogLevel},
		{http.MethodPut, "/log/level", "set the level of the log to the body", g.setLogLevel},
		{http.MethodGet, "/debug/config", "with debug: the effective configuration", g.serveDebugConfig},
		{http.MethodGet, "/debug/pprof/*", "with debug: profiles of the gateway, for go tool pprof", g.serveProfile},
	}
}

// Admin serves operators: health, the paths of adminRoutes, GET / with their list, and GET
// /schema.graphql with the schema of the first application, {path}/schema.graphql with that of
// each.
//
// Pages of other origins cannot make a browser drain a node. All but health and
// the page of the console needs the token of
// [Gateway.SetAdminToken]; without one, an IP address or localhost as Host.
func (g *Gateway) Admin() http.Handler {
	root := g.router(memory.NewBudget(adminMemory), func() (read, write time.Duration) {
		limits := g.configuration().limits
		return limits.ReadTimeout, limits.WriteTimeout
	})
	root.Use(g.admin.RefuseForeignOrigins)
	g.addHealth(root)
	r := root.With(g.admin.Authorize)
	r.NotFound(g.serveSDL)
	root.Get("/console", http.RedirectHandler("/console/", http.StatusMovedPermanently).ServeHTTP)
	root.Get("/console/", web.Console.Page("assets/", struct{}{}).ServeHTTP)
	root.Get("/console/assets/{asset}", web.Console.ServeAsset)
	index := map[string]string{"GET " + sdlFile: "the schema of the first application; below its path, that of each"}
	for _, route := range g.adminRoutes() {
		r.Method(route.method, route.path, route.serve)
		index[route.method+" "+route.path] = route.about
	}
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) { response.WriteJSON(w, index) })
	return root
}

// serveSDL answers with every application's schema at its path, and with that of the first
// one at the root.
func (g *Gateway) serveSDL(w http.ResponseWriter, r *http.Request) {
	for i, app := range g.configuration().apps {
		here := r.URL.Path == app.Config.sdlPath() || i == 0 && r.URL.Path == sdlFile
		if here && app.Contract.AllowsSDL(false) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			response.WriteSDL(w, r, app.Contract.SDL())
			return
		}
	}
	errNoAdminPath.Write(w)
}

func (g *Gateway) serveStatus(w http.ResponseWriter, r *http.Request) {
	g.node.RefreshFigures(r.Context())
	response.WriteJSON(w, g.status())
}

func (g *Gateway) serveOperations(w http.ResponseWriter, _ *http.Request) {
	response.WriteJSON(w, g.engines.Stats.Report())
}

func (g *Gateway) serveSlow(w http.ResponseWriter, _ *http.Request) {
	response.WriteJSON(w, g.node.SlowCalls().Report())
}

// serveUsage answers with the usage of every application that counts it, of deprecated
// parts alone with ?deprecated=true.
func (g *Gateway) serveUsage(w http.ResponseWriter, r *http.Request) {
	parameters, err := request.ParseForm(r.URL.RawQuery)
	if err != nil {
		response.BadRequest("%v", err).Write(w)
		return
	}
	reports := []*contract.UsageReport{}
	for _, app := range g.configuration().apps {
		if report := app.Contract.Usage(app.Config.Path, parameters.Get("deprecated") == "true"); report != nil {
			reports = append(reports, report)
		}
	}
	response.WriteJSON(w, map[string]any{"apps": reports})
}

var errNoAdminPath = &response.Error{Status: http.StatusNotFound, Failure: operation.Error{Code: "NOT_FOUND", Message: "The admin listener has nothing at this path; GET / lists its paths."}}

var errUnknownNode = &response.Error{Status: http.StatusNotFound, Failure: operation.Error{Code: "NOT_FOUND", Message: "There is no node of this name or address; GET /status lists the nodes."}}

// drainNode answers with the node's status in every application that has it.
func (g *Gateway) drainNode(drained bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		node, err := url.PathUnescape(chi.URLParam(r, "node"))
		if err != nil || !g.node.SetDrained(node, drained) {
			errUnknownNode.Write(w)
			return
		}
		nodes := []nodeStatus{}
		for _, app := range g.status().Apps {
			for _, n := range app.Nodes {
				if n.Name == node || n.Address == node {
					nodes = append(nodes, n)
				}
			}
		}
		response.WriteJSON(w, nodes)
	}
}
