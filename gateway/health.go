package gateway

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// health adds the two probes of load balancers and orchestrators. /healthz says
// that the process lives, /readyz that some node can be called and the gateway is
// not about to end.
func (g *Gateway) health(r chi.Router) {
	alive := func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`))
	}
	ready := func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case g.draining.Load():
			writeJSON(w, http.StatusServiceUnavailable, []byte(`{"status":"stopping"}`))
		case !g.ready():
			writeJSON(w, http.StatusServiceUnavailable, []byte(`{"status":"no live node"}`))
		default:
			writeJSON(w, http.StatusOK, []byte(`{"status":"ready"}`))
		}
	}
	for path, probe := range map[string]http.HandlerFunc{healthPath: alive, readyPath: ready} {
		r.Get(path, probe)
		r.Head(path, probe)
	}
}

// isProbe says whether a request is for one of the two.
func isProbe(r *http.Request) bool { return r.URL.Path == healthPath || r.URL.Path == readyPath }

func (g *Gateway) ready() bool {
	return slices.ContainsFunc(g.configured().apps, func(a *App) bool { return a.Absinthe.Pool.Ready() })
}
