package gateway

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/gateway/response"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// addHealth adds the two probes of load balancers and orchestrators. /healthz
// answers while the process lives, /readyz while a node can be called and the gateway does not
// drain.
func (g *Gateway) addHealth(r chi.Router) {
	alive := func(w http.ResponseWriter, _ *http.Request) {
		response.Write(w, http.StatusOK, response.JSONType, []byte(`{"status":"ok"}`))
	}
	ready := func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case g.draining.Load():
			response.Write(w, http.StatusServiceUnavailable, response.JSONType, []byte(`{"status":"stopping"}`))
		case !g.ready():
			response.Write(w, http.StatusServiceUnavailable, response.JSONType, []byte(`{"status":"no available node"}`))
		default:
			response.Write(w, http.StatusOK, response.JSONType, []byte(`{"status":"ready"}`))
		}
	}
	for path, probe := range map[string]http.HandlerFunc{healthPath: alive, readyPath: ready} {
		r.Get(path, probe)
		r.Head(path, probe)
	}
}

func isProbe(r *http.Request) bool { return r.URL.Path == healthPath || r.URL.Path == readyPath }

func (g *Gateway) ready() bool {
	return slices.ContainsFunc(g.configuration().apps, func(a *App) bool { return a.Absinthe.Pool.Ready() })
}
