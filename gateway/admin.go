package gateway

import (
	"encoding/json"
	"net/http"
	"net/url"
	"runtime"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/louche-graphql/louche/auth/jwt"
	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient"
)

// adminMemory bounds the memory for requests of operators, in bytes: they are answered
// also while clients have used up theirs.
const adminMemory = 32 << 20

// Admin serves operators:
//
//   - GET /healthz and /readyz
//   - GET /schema.graphql: the first application's schema, and {path}/schema.graphql
//     every one's
//   - GET /usage: who uses what of the schemas
//   - GET /metrics: what there is for Prometheus
//   - GET /status: what the gateway, its pools and their nodes do
//   - POST /nodes/{node}/drain: no new calls for a node, those in flight finish
//   - POST /nodes/{node}/undrain: new calls again
//
// Web pages of other origins cannot make a browser drain a node. All but the first
// line is for those alone who know the token of [Gateway.Admit]; where there is none,
// for those who ask by an address or as localhost.
func (g *Gateway) Admin() http.Handler {
	root := g.router(g.configured().limits, memory.NewBudget(adminMemory))
	root.Use(g.sameOrigin)
	g.health(root)
	r := root.With(g.admit)
	r.NotFound(g.adminSDL)
	r.Get("/usage", g.writeUsage)
	r.Get("/metrics", g.metrics.handler(g.log).ServeHTTP)
	r.Get("/status", func(w http.ResponseWriter, _ *http.Request) { writeStatus(w, g.status()) })
	r.Post("/nodes/{node}/drain", g.drainNode(true))
	r.Post("/nodes/{node}/undrain", g.drainNode(false))
	return root
}

// status is the body of GET /status.
type status struct {
	UptimeSeconds float64     `json:"uptime_seconds"`
	Draining      bool        `json:"draining"`
	Goroutines    int         `json:"goroutines"`
	MemoryBytes   uint64      `json:"memory_bytes"` // taken from the operating system
	Connections   int64       `json:"connections"`
	InFlight      int64       `json:"in_flight"`
	Log           logStatus   `json:"log"`
	Apps          []appStatus `json:"apps"`
}

// logStatus are lines that the log does not have.
type logStatus struct {
	Dropped    uint64 `json:"dropped_lines"`    // standard error was not read in time
	Suppressed uint64 `json:"suppressed_lines"` // others with the same message were written
}

type appStatus struct {
	Path       string            `json:"path"`
	Schema     string            `json:"schema"`
	InFlight   int               `json:"in_flight"`
	Queued     int               `json:"queued"`
	Retries    uint64            `json:"retries"`
	Overloaded uint64            `json:"overloaded"`
	Schemas    []string          `json:"schemas"` // different ones that nodes have, that of most nodes first
	Validation *validationStatus `json:"validation,omitempty"`
	KeySets    []keySetStatus    `json:"key_sets,omitempty"`
	Problems   []string          `json:"problems,omitempty"` // of discovery
	Nodes      []nodeStatus      `json:"nodes"`
}

type keySetStatus struct {
	Issuer     string   `json:"issuer"`
	URL        string   `json:"url,omitempty"` // none: not known yet
	Keys       int      `json:"keys"`
	AgeSeconds *float64 `json:"age_seconds,omitempty"` // none: never fetched
	Problem    string   `json:"problem,omitempty"`     // of the last fetch
}

type nodeStatus struct {
	Name             string              `json:"name"`
	Address          string              `json:"address"`
	State            rpcclient.NodeState `json:"state"`
	InFlight         int                 `json:"in_flight"`
	LatencyMS        float64             `json:"latency_ms"`
	Breaker          string              `json:"breaker"`
	SchemaHash       string              `json:"schema_hash,omitempty"` // how it begins; none: not known
	ConnectedSeconds float64             `json:"connected_seconds"`
}

func (g *Gateway) status() status {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	s := status{
		UptimeSeconds: time.Since(g.started).Seconds(),
		Draining:      g.draining.Load(),
		Goroutines:    runtime.NumGoroutine(),
		MemoryBytes:   memory.Sys - memory.HeapReleased,
		Connections:   g.connections.Load(),
		InFlight:      g.inFlight.Load(),
		Log:           logStatus(logging.CountsOf(g.log)),
	}
	for _, app := range g.configured().apps {
		s.Apps = append(s.Apps, app.status())
	}
	return s
}

func (a *App) status() appStatus {
	pool := a.Absinthe.Pool.Status()
	s := appStatus{
		Path:       a.Config.Path,
		Schema:     a.Absinthe.Config.Schema,
		InFlight:   pool.InFlight,
		Queued:     pool.Queued,
		Retries:    pool.Retries,
		Overloaded: pool.Overloaded,
		Schemas:    a.Contract.hashes(),
		Validation: a.Contract.validation(),
		Nodes:      make([]nodeStatus, len(pool.Nodes)),
	}
	if problems := a.problems.Load(); problems != nil {
		s.Problems = *problems
	}
	for _, set := range a.authenticator.Load().KeySetStatuses() {
		s.KeySets = append(s.KeySets, newKeySetStatus(set))
	}
	for i, n := range pool.Nodes {
		s.Nodes[i] = nodeStatus{
			Name:             n.Name,
			Address:          n.Addr.String(),
			State:            n.State,
			InFlight:         n.InFlight,
			LatencyMS:        float64(n.Latency) / float64(time.Millisecond),
			Breaker:          n.Breaker,
			ConnectedSeconds: n.Connected.Seconds(),
			SchemaHash:       a.Contract.shortHash(n.Schema),
		}
	}
	return s
}

func newKeySetStatus(set jwt.KeySetStatus) keySetStatus {
	s := keySetStatus{Issuer: set.Issuer, URL: set.URL, Keys: set.Keys}
	if set.Age >= 0 {
		age := set.Age.Seconds()
		s.AgeSeconds = &age
	}
	if set.Problem != nil {
		s.Problem = set.Problem.Error()
	}
	return s
}

// drainNode answers with the node's status in every application that has it.
func (g *Gateway) drainNode(drained bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		node, err := url.PathUnescape(chi.URLParam(r, "node"))
		if err != nil || !g.node.SetDrained(node, drained) {
			unknownNode.write(w)
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
		writeStatus(w, nodes)
	}
}

func writeStatus(w http.ResponseWriter, v any) {
	body, _ := json.MarshalIndent(v, "", "  ")
	writeJSON(w, http.StatusOK, append(body, '\n'))
}
