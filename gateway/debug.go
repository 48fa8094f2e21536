package gateway

import (
	"net/http"
	"net/http/pprof" // #nosec G108 -- no server serves http.DefaultServeMux
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/gateway/response"
)

// SetDebug turns /debug on, with the effective configuration as YAML, or off, with nil.
func (g *Gateway) SetDebug(configuration []byte) {
	if configuration == nil {
		g.debug.Store(nil)
		return
	}
	g.debug.Store(&configuration)
}

func (g *Gateway) serveDebugConfig(w http.ResponseWriter, _ *http.Request) {
	configuration := g.debug.Load()
	if configuration == nil {
		response.NotFound.Write(w)
		return
	}
	response.Write(w, http.StatusOK, []string{"application/yaml"}, *configuration)
}

// serveProfile serves a profile of runtime/pprof by its name, a CPU profile, or a trace.
func (g *Gateway) serveProfile(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "*")
	switch {
	case g.debug.Load() == nil:
		response.NotFound.Write(w)
	case name == "profile":
		pprof.Profile(w, r)
	case name == "trace":
		pprof.Trace(w, r)
	case name == "" || strings.ContainsRune(name, '/'):
		pprof.Index(w, r)
	default:
		pprof.Handler(name).ServeHTTP(w, r)
	}
}
