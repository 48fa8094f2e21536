package gateway

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/rpcclient"
)

// metrics are what Prometheus scrapes. Labels are paths, node names and issuers, and
// words of this program: none has anything in it that a request brought.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	limited  *prometheus.CounterVec
}

// durations are the upper bounds of the histogram's buckets, in seconds: from what
// the gateway and a node need for hello to the timeout that operations have unless
// set.
var durations = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newMetrics(g *Gateway) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_requests_total",
			Help: "Requests to an application, by the gateway's error code; OK: the application answered, be it with errors. Each operation of a batch counts.",
		}, []string{"app", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "louche_request_duration_seconds",
			Help:    "Time from the head of a request to its answer, without compressing and sending it. Each operation of a batch counts, with the time of the batch.",
			Buckets: durations,
		}, []string{"app"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_graphql_errors_total",
			Help: "Answers of the application that have errors, which louche_requests_total counts as OK. unexecuted: the document, the variables or the operation's name were refused; failed: data is null; partial: there is data beside the errors.",
		}, []string{"app", "outcome"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_rate_limited_total",
			Help: "Operations that a rate limit refused, by the policy of its rule. One that several refuse counts for each.",
		}, []string{"app", "policy"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.errors, m.limited, stateCollector{g},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler answers in the format that the request's Accept header asks for. What
// cannot be told is left out, and logged.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:      newLibraryLog(log, "metrics cannot be told"),
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// requestMetrics are those of one application's requests. They go on over reloads,
// since they belong to its path.
type requestMetrics struct {
	answered prometheus.Counter
	failed   *prometheus.CounterVec // by code
	duration prometheus.Observer
	errors   map[outcome]prometheus.Counter
	limited  *prometheus.CounterVec // by policy
}

func (m *metrics) of(app *App) requestMetrics {
	path := labelValue(app.Config.Path)
	byCode := m.requests.MustCurryWith(prometheus.Labels{"app": path})
	errors := make(map[outcome]prometheus.Counter)
	for _, o := range outcomes {
		errors[o] = m.errors.WithLabelValues(path, string(o))
	}
	return requestMetrics{byCode.WithLabelValues(answered), byCode, m.duration.WithLabelValues(path), errors,
		m.limited.MustCurryWith(prometheus.Labels{"app": path})}
}

// answered is the code of a request that an application answered, whatever it said.
const answered = "OK"

// count counts a request that is about to be answered. Codes are [answered] and
// those of failures.
func (m requestMetrics) count(code string, began time.Time) {
	if code == answered {
		m.answered.Inc()
	} else {
		m.failed.WithLabelValues(code).Inc()
	}
	m.duration.Observe(time.Since(began).Seconds())
}

// countAnswer counts an operation that is about to be answered with what is in x.
func (m requestMetrics) countAnswer(x *exchange, began time.Time) {
	m.count(x.code, began)
	if x.outcome != fine {
		m.errors[x.outcome].Inc()
	}
}

// labelValue is text as a label may have it.
func labelValue(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// stateCollector tells what GET /status tells, as it is when it is asked.
type stateCollector struct{ gateway *Gateway }

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("louche_"+name, help, labels, nil)
}

var (
	operationsDesc  = described("operations_in_flight", "Operations under way in the whole gateway.")
	connectionsDesc = described("connections", "Open HTTP connections, of clients and operators.")
	limitStoreDesc  = described("rate_limit_store_up", "1 while rate limits are counted in Redis, 0 while each gateway counts alone because Redis cannot be used.")
	memoryDesc      = described("memory_reserved_bytes", "Bytes that requests and answers hold, of limits.memory.")
	cutsDesc        = described("memory_cuts_total", "Requests and answers that were given up, the slowest clients first, to make room for others.")
	turnedAwayDesc  = described("turned_away_total", "Requests that were refused before they were read, because there was no memory or no connection for them.")
	drainingDesc    = described("draining", "1 while the gateway is stopping, else 0.")
	droppedDesc     = described("log_lines_dropped_total", "Log lines that are missing because standard error was not read in time.")
	suppressedDesc  = described("log_lines_suppressed_total", "Log lines that are missing because others with the same message were written.")

	callsDesc       = described("calls_in_flight", "Calls under way on an application's nodes.", "app")
	queuedDesc      = described("calls_queued", "Calls that wait for a place on a node.", "app")
	retriesDesc     = described("retries_total", "Calls that were sent to another node because a connection was lost.", "app")
	overloadedDesc  = described("overloaded_total", "Calls that were refused because every node had as many as it may have.", "app")
	schemasDesc     = described("schemas", "Different schemas that an application's nodes have told.", "app")
	validationsDesc = described("validations_total", "Operations that did not fit the schema, where contract.validate is on. refused: by the gateway; agreed: Absinthe did not run it either; disagreed: Absinthe ran it; passed: refused by Absinthe alone.", "app", "result")

	keysDesc    = described("jwks_keys", "Keys that an issuer's tokens are verified with.", "app", "issuer")
	keysAgeDesc = described("jwks_age_seconds", "Time since an issuer's keys were last fetched; none: never.", "app", "issuer")

	nodesDesc        = described("nodes", "Nodes of an application, by what they are in /status.", "app", "state")
	nodeCallsDesc    = described("node_calls_in_flight", "Calls under way on a node.", "app", "node")
	nodeLatencyDesc  = described("node_latency_seconds", "Geometric mean of the time of a node's latest calls; 0: unknown.", "app", "node")
	nodeBreakerDesc  = described("node_breaker", "State of a node's breaker. 0: closed, 1: half-open, 2: open.", "app", "node")
	nodeStates       = []rpcclient.NodeState{rpcclient.Connected, rpcclient.Connecting, rpcclient.Starting, rpcclient.Stopping, rpcclient.Draining, rpcclient.Unlisted, rpcclient.Lacking}
	breakerPositions = map[string]float64{"closed": 0, "half-open": 1, "open": 2}
)

func (stateCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		operationsDesc, connectionsDesc, memoryDesc, cutsDesc, turnedAwayDesc, drainingDesc, droppedDesc, suppressedDesc, limitStoreDesc,
		callsDesc, queuedDesc, retriesDesc, overloadedDesc, schemasDesc, validationsDesc,
		keysDesc, keysAgeDesc,
		nodesDesc, nodeCallsDesc, nodeLatencyDesc, nodeBreakerDesc,
	} {
		descs <- desc
	}
}

func (c stateCollector) Collect(to chan<- prometheus.Metric) {
	g := c.gateway
	draining := 0
	if g.draining.Load() {
		draining = 1
	}
	gauge(to, operationsDesc, g.inFlight.Load())
	gauge(to, connectionsDesc, g.connections.Load())
	gauge(to, memoryDesc, g.memory.Used())
	counter(to, cutsDesc, g.memory.Preemptions())
	counter(to, turnedAwayDesc, g.turnedAway.Load())
	gauge(to, drainingDesc, draining)
	missing := logging.CountsOf(g.log)
	counter(to, droppedDesc, missing.Dropped)
	counter(to, suppressedDesc, missing.Suppressed)
	g.collectLimitStore(to)
	statuses, counted := g.counted()
	for i, s := range statuses {
		collectApp(to, s, counted[i])
	}
}

// collectLimitStore tells of the store that all applications have together.
func (g *Gateway) collectLimitStore(to chan<- prometheus.Metric) {
	for _, app := range g.configured().apps {
		if up, configured := app.Limiter.RedisState(); configured {
			value := 0
			if up {
				value = 1
			}
			gauge(to, limitStoreDesc, value)
			return
		}
	}
}

func collectApp(to chan<- prometheus.Metric, s appStatus, counted tally) {
	path := labelValue(s.Path)
	gauge(to, callsDesc, s.InFlight, path)
	gauge(to, queuedDesc, s.Queued, path)
	counter(to, retriesDesc, counted.retries, path)
	counter(to, overloadedDesc, counted.overloaded, path)
	gauge(to, schemasDesc, len(s.Schemas), path)
	if s.Validation != nil {
		counter(to, validationsDesc, counted.refused, path, "refused")
		counter(to, validationsDesc, counted.agreed, path, "agreed")
		counter(to, validationsDesc, counted.disagreed, path, "disagreed")
		counter(to, validationsDesc, counted.passed, path, "passed")
	}
	collectKeySets(to, path, s.KeySets)
	states := make(map[rpcclient.NodeState]int)
	// A node that came back at another address may be there twice for a while, and a
	// scrape with two values for one name would be refused: it is what it is where it
	// is connected.
	named := make(map[string]nodeStatus)
	for _, n := range s.Nodes {
		states[n.State]++
		name := labelValue(n.Name)
		if _, twice := named[name]; !twice || n.ConnectedSeconds > 0 {
			named[name] = n
		}
	}
	for _, state := range nodeStates {
		gauge(to, nodesDesc, states[state], path, string(state))
	}
	for name, n := range named {
		gauge(to, nodeCallsDesc, n.InFlight, path, name)
		gauge(to, nodeLatencyDesc, n.LatencyMS/1000, path, name)
		gauge(to, nodeBreakerDesc, breakerPositions[n.Breaker], path, name)
	}
}

// collectKeySets has one value for an issuer whose keys come from two places: that of
// the first.
func collectKeySets(to chan<- prometheus.Metric, path string, sets []keySetStatus) {
	told := make(map[string]bool)
	for _, set := range sets {
		issuer := labelValue(set.Issuer)
		if told[issuer] {
			continue
		}
		told[issuer] = true
		gauge(to, keysDesc, set.Keys, path, issuer)
		if set.AgeSeconds != nil {
			gauge(to, keysAgeDesc, *set.AgeSeconds, path, issuer)
		}
	}
}

func gauge[N int | int64 | float64](to chan<- prometheus.Metric, desc *prometheus.Desc, value N, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
}

func counter(to chan<- prometheus.Metric, desc *prometheus.Desc, value uint64, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
}
