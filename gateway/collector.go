package gateway

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/louche-graphql/louche/gateway/server"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/internal/parallelism"
	"github.com/louche-graphql/louche/rpcclient"
)

// A collector collects what GET /status shows, at the moment of the scrape.
type collector struct{ gateway *Gateway }

// descs are the descriptions of all metrics of the collector.
var descs []*prometheus.Desc

// newDesc describes a metric.
func newDesc(name, help string, labels ...string) *prometheus.Desc {
	desc := prometheus.NewDesc("louche_"+name, help, labels, nil)
	descs = append(descs, desc)
	return desc
}

var (
	buildDesc       = newDesc("build_info", "1, with the version of the gateway and of Go.", "version", "goversion")
	operationsDesc  = newDesc("operations_in_flight", "Operations under way in the whole gateway.")
	connectionsDesc = newDesc("connections", "Open HTTP connections of clients and operators, by the protocol of their requests; none: no request yet.", "protocol")
	limitStoreDesc  = newDesc("rate_limit_store_up", "1 while rate limits are counted in Redis, 0 while each gateway counts alone because Redis cannot be used.")
	memoryDesc      = newDesc("memory_reserved_bytes", "Bytes that requests and answers hold, of limits.memory.")
	cutsDesc        = newDesc("memory_cuts_total", "Requests and answers that were cut off to make room for others, those of the slowest clients first.")
	turnedAwayDesc  = newDesc("turned_away_total", "Requests that were refused before they were read, because there was no memory or no connection for them.")
	processorsDesc  = newDesc("processors", "Processors of Go's scheduler in use (GOMAXPROCS), as few as the load keeps busy.")
	maxProcsDesc    = newDesc("processors_max", "Most processors of Go's scheduler that the machine and its limits allow.")
	drainingDesc    = newDesc("draining", "1 while the gateway is stopping, else 0.")
	droppedDesc     = newDesc("log_lines_dropped_total", "Log lines that were dropped because standard error was not read in time.")
	suppressedDesc  = newDesc("log_lines_suppressed_total", "Log lines that were suppressed because the log had enough lines with their message.")

	callsDesc        = newDesc("calls_in_flight", "Calls under way on an application's nodes.", "app")
	queuedDesc       = newDesc("calls_queued", "Calls that wait for a slot on a node.", "app")
	retriesDesc      = newDesc("retries_total", "Calls that were sent to another node because a connection was lost.", "app")
	overloadedDesc   = newDesc("overloaded_total", "Calls that were refused because every node was at its limit.", "app")
	schemasDesc      = newDesc("schemas", "Different schemas among an application's nodes.", "app")
	preparedDesc     = newDesc("prepared_calls_total", "Calls that nodes ran from prepared documents.", "app")
	sharedDesc       = newDesc("shared_total", "Queries that joined the call of an equal query, by share. on: that call answered them; dry_run: they ran as calls of their own.", "app", "share")
	subscribersDesc  = newDesc("subscriptions", "Subscriptions of clients.", "app")
	feedsDesc        = newDesc("subscription_feeds", "Different subscriptions, each with a process on a node.", "app")
	waitingDesc      = newDesc("subscription_feeds_waiting", "Different subscriptions that wait for a node.", "app")
	eventsDesc       = newDesc("subscription_events_total", "Results of subscriptions for clients.", "app")
	lostDesc         = newDesc("subscription_events_dropped_total", "Results of subscriptions that clients did not get: they or the gateway did not take them in time.", "app")
	resubscribedDesc = newDesc("resubscriptions_total", "Different subscriptions that were subscribed again because their node went.", "app")
	validationsDesc  = newDesc("validations_total", "Operations that did not fit the schema, where contract.validate is on. refused: by the gateway; agreed: Absinthe did not run it either; disagreed: Absinthe ran it; passed: refused by Absinthe alone.", "app", "result")

	keysDesc    = newDesc("jwks_keys", "Keys of an issuer, which verify its tokens.", "app", "issuer")
	keysAgeDesc = newDesc("jwks_age_seconds", "Time since an issuer's keys were last fetched; none: never.", "app", "issuer")

	nodesDesc        = newDesc("nodes", "Nodes of an application, by their state in /status.", "app", "state")
	nodeCallsDesc    = newDesc("node_calls_in_flight", "Calls under way on a node.", "app", "node")
	nodeLatencyDesc  = newDesc("node_latency_seconds", "Geometric mean of the time of a node's latest calls; 0: unknown.", "app", "node")
	nodeBreakerDesc  = newDesc("node_breaker", "State of a node's breaker. 0: closed, 1: half-open, 2: open.", "app", "node")
	nodePreparedDesc = newDesc("node_prepared_documents", "Documents that a node has prepared, for all applications and gateways.", "app", "node")
	nodeBytesDesc    = newDesc("node_prepared_bytes", "Memory of a node's prepared documents, in bytes.", "app", "node")
	nodeStates       = []rpcclient.NodeState{rpcclient.Connected, rpcclient.Connecting, rpcclient.Starting, rpcclient.Stopping, rpcclient.Draining, rpcclient.Unlisted, rpcclient.Lacking}
	breakerPositions = map[string]float64{"closed": 0, "half-open": 1, "open": 2}
)

func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range descs {
		to <- desc
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	g := c.gateway
	gauge(to, buildDesc, 1, buildLabels()...)
	draining := 0
	if g.draining.Load() {
		draining = 1
	}
	gauge(to, operationsDesc, g.engines.InFlight())
	for p := range server.Protocols {
		gauge(to, connectionsDesc, g.Server.Connections(p), p.String())
	}
	gauge(to, memoryDesc, g.memory.Used())
	counter(to, cutsDesc, g.memory.Preemptions())
	counter(to, turnedAwayDesc, g.refusals.Total())
	gauge(to, processorsDesc, runtime.GOMAXPROCS(0))
	gauge(to, maxProcsDesc, parallelism.Max())
	gauge(to, drainingDesc, draining)
	missing := logging.CountsOf(g.log)
	counter(to, droppedDesc, missing.Dropped)
	counter(to, suppressedDesc, missing.Suppressed)
	g.collectLimitStore(to)
	g.node.RefreshFigures(context.Background())
	figures := make(map[string]*beamStatus) // by node, which may be in several applications
	for _, app := range g.configuration().apps {
		s := app.status()
		collectApp(to, s)
		for _, n := range s.Nodes {
			if n.BEAM != nil {
				figures[telemetry.LabelValue(n.Name)] = n.BEAM
			}
		}
	}
	for node, f := range figures {
		f.collect(to, node)
	}
}

// buildLabels returns the version that the Go toolchain put into the binary, and its own.
func buildLabels() []string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return []string{info.Main.Version, info.GoVersion}
	}
	return []string{"unknown", runtime.Version()}
}

// collectLimitStore tells of the store that all applications have together.
func (g *Gateway) collectLimitStore(to chan<- prometheus.Metric) {
	for _, app := range g.configuration().apps {
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

func collectApp(to chan<- prometheus.Metric, s appStatus) {
	path := telemetry.LabelValue(s.Path)
	gauge(to, callsDesc, s.InFlight, path)
	gauge(to, queuedDesc, s.Queued, path)
	counter(to, retriesDesc, s.Retries, path)
	counter(to, overloadedDesc, s.Overloaded, path)
	counter(to, preparedDesc, s.Prepared, path)
	gauge(to, schemasDesc, len(s.Schemas), path)
	if s.Validation != nil {
		counter(to, validationsDesc, s.Validation.Refused, path, "refused")
		counter(to, validationsDesc, s.Validation.Agreed, path, "agreed")
		counter(to, validationsDesc, s.Validation.Disagreed, path, "disagreed")
		counter(to, validationsDesc, s.Validation.Passed, path, "passed")
	}
	if s.Sharing != nil {
		counter(to, sharedDesc, s.Sharing.On, path, "on")
		counter(to, sharedDesc, s.Sharing.DryRun, path, "dry_run")
	}
	if subscriptions := s.Subscriptions; subscriptions != nil {
		gauge(to, subscribersDesc, subscriptions.Clients, path)
		gauge(to, feedsDesc, subscriptions.Feeds, path)
		gauge(to, waitingDesc, subscriptions.Waiting, path)
		counter(to, eventsDesc, subscriptions.Events, path)
		counter(to, lostDesc, subscriptions.Dropped, path)
		counter(to, resubscribedDesc, subscriptions.Resubscribed, path)
	}
	collectKeySets(to, path, s.KeySets)
	states := make(map[rpcclient.NodeState]int)
	// A node that came back at another address may be listed twice for a while. Prometheus
	// refuses two values of one name, so the connected one counts.
	named := make(map[string]nodeStatus)
	for _, n := range s.Nodes {
		states[n.State]++
		name := telemetry.LabelValue(n.Name)
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
		if n.Prepared != nil {
			gauge(to, nodePreparedDesc, n.Prepared.Documents, path, name)
			gauge(to, nodeBytesDesc, n.Prepared.Bytes, path, name)
		}
	}
}

// collectKeySets has one value for an issuer whose keys come from two places: that of
// the first.
func collectKeySets(to chan<- prometheus.Metric, path string, sets []keySetStatus) {
	told := make(map[string]bool)
	for _, set := range sets {
		issuer := telemetry.LabelValue(set.Issuer)
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
