package gateway

import (
	"runtime"
	"time"

	"github.com/louche-graphql/louche/auth/jwt"
	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/server"
	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/internal/parallelism"
	"github.com/louche-graphql/louche/rpcclient"
)

// status is the body of GET /status.
type status struct {
	UptimeSeconds float64     `json:"uptime_seconds"`
	Draining      bool        `json:"draining"`
	Goroutines    int         `json:"goroutines"`
	Processors    int         `json:"processors"`     // GOMAXPROCS
	MaxProcessors int         `json:"max_processors"` // of the machine and its limits
	MemoryBytes   uint64      `json:"memory_bytes"`   // taken from the operating system
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
	Path          string                     `json:"path"`
	Schema        string                     `json:"schema"`
	InFlight      int                        `json:"in_flight"`
	Queued        int                        `json:"queued"`
	Retries       uint64                     `json:"retries"`
	Overloaded    uint64                     `json:"overloaded"`
	Prepared      uint64                     `json:"prepared_calls"` // that nodes ran from prepared documents
	Schemas       []string                   `json:"schemas"`        // different ones that nodes have, that of most nodes first
	Validation    *contract.Status           `json:"validation,omitempty"`
	Sharing       *engine.SharingStatus      `json:"sharing,omitempty"`
	Subscriptions *engine.SubscriptionStatus `json:"subscriptions,omitempty"` // none: not served
	KeySets       []keySetStatus             `json:"key_sets,omitempty"`
	DiscoveryStatus
	Nodes []nodeStatus `json:"nodes"`
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
	Calls            uint64              `json:"calls"` // since the pool has the node
	Ended            callTotals          `json:"ended"` // of these
	LatencyMS        float64             `json:"latency_ms"`
	Breaker          string              `json:"breaker"`
	SchemaHash       string              `json:"schema_hash,omitempty"` // how it begins; none: not known
	ConnectedSeconds float64             `json:"connected_seconds"`
	BEAM             *beamStatus         `json:"beam,omitempty"`     // none: not known
	Problem          string              `json:"problem,omitempty"`  // why it gets no calls
	Prepared         *preparedStatus     `json:"prepared,omitempty"` // none: off or not known
}

func (g *Gateway) status() status {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	s := status{
		UptimeSeconds: time.Since(g.started).Seconds(),
		Draining:      g.draining.Load(),
		Goroutines:    runtime.NumGoroutine(),
		Processors:    runtime.GOMAXPROCS(0),
		MaxProcessors: parallelism.Max(),
		MemoryBytes:   memory.Sys - memory.HeapReleased,
		InFlight:      g.engines.InFlight(),
		Log:           logStatus(logging.CountsOf(g.log)),
	}
	for p := range server.Protocols {
		s.Connections += g.Server.Connections(p)
	}
	for _, app := range g.configuration().apps {
		s.Apps = append(s.Apps, app.status())
	}
	return s
}

func (a *App) status() appStatus {
	pool := a.Absinthe.Pool.Status()
	s := appStatus{
		Path:          a.Config.Path,
		Schema:        a.Absinthe.Config.Schema,
		InFlight:      pool.InFlight,
		Queued:        pool.Queued,
		Retries:       pool.Retries,
		Overloaded:    pool.Overloaded,
		Prepared:      pool.Prepared,
		Schemas:       a.Contract.Hashes(),
		Validation:    a.Contract.Status(),
		Sharing:       a.Sharing.Status(),
		Subscriptions: a.Subscriptions.Status(),
		Nodes:         make([]nodeStatus, len(pool.Nodes)),
	}
	if a.Discovery != nil {
		s.DiscoveryStatus = a.Discovery()
	}
	for _, set := range a.Authenticator.KeySetStatuses() {
		s.KeySets = append(s.KeySets, newKeySetStatus(set))
	}
	for i, n := range pool.Nodes {
		s.Nodes[i] = nodeStatus{
			Name:             n.Name,
			Address:          n.Addr.String(),
			State:            n.State,
			InFlight:         n.InFlight,
			Calls:            n.Calls,
			Ended:            newCallTotals(&n.Ended),
			LatencyMS:        float64(n.Latency) / float64(time.Millisecond),
			Breaker:          n.Breaker,
			ConnectedSeconds: n.Connected.Seconds(),
			Problem:          whyUncalled(n),
			SchemaHash:       a.Contract.ShortHash(n.Schema),
			BEAM:             newBEAMStatus(n.Figures),
			Prepared:         (*preparedStatus)(n.Prepared),
		}
	}
	return s
}

func newKeySetStatus(set jwt.KeySetStatus) keySetStatus {
	s := keySetStatus{Issuer: set.Issuer, URL: set.URL, Keys: set.Keys}
	if set.Age >= 0 {
		s.AgeSeconds = new(set.Age.Seconds())
	}
	if set.Problem != nil {
		s.Problem = set.Problem.Error()
	}
	return s
}
