package gateway

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/rpcclient"
)

// samples parses the text format of Prometheus and returns the values by series, such as
// louche_nodes{app="/graphql",state="connected"}; for a histogram its count.
func samples(t testing.TB, text string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	values := make(map[string]float64)
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			series := name
			if len(labels) > 0 {
				series += "{" + strings.Join(labels, ",") + "}"
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				values[series] = m.Counter.GetValue()
			case dto.MetricType_GAUGE:
				values[series] = m.Gauge.GetValue()
			case dto.MetricType_HISTOGRAM:
				values[series] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return values
}

func scrape(t testing.TB, g *Gateway) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	g.Admin().ServeHTTP(w, httptest.NewRequest(http.MethodGet, adminURL+"/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return samples(t, w.Body.String())
}

// Requests are counted by the codes of their answers. Text of a request is never a label.
func TestRequestsAreCounted(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
	h := g.Handler()
	before := scrape(t, g)
	if _, there := before[`louche_requests_total{app="/graphql",code="OK"}`]; !there {
		t.Error("the count is missing before the first request")
	}
	for body, n := range map[string]int{
		`{"query":"{ a }"}`:                     3,
		`{"query":`:                             2,
		`[{"query":"{ a }"},{"nothing":"x"}]`:   1,
		`{"query":"{ a }","operationName":"b"}`: 1,
	} {
		for range n {
			h.ServeHTTP(httptest.NewRecorder(), post(body))
		}
	}
	r := post(`{"query":"{ a }"}`)
	r.Header.Set("Accept", "image/png")
	h.ServeHTTP(httptest.NewRecorder(), r)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/elsewhere", nil))

	got := scrape(t, g)
	for series, want := range map[string]float64{
		`louche_requests_total{app="/graphql",code="NO_NODE_AVAILABLE"}`:             5,
		`louche_requests_total{app="/graphql",code="BAD_REQUEST"}`:                   3,
		`louche_requests_total{app="/graphql",code="NOT_ACCEPTABLE"}`:                1,
		`louche_requests_total{app="/graphql",code="OK"}`:                            0,
		`louche_request_duration_seconds{app="/graphql"}`:                            9,
		`louche_request_stage_duration_seconds{app="/graphql",stage="authenticate"}`: 9,
		`louche_request_stage_duration_seconds{app="/graphql",stage="node"}`:         0,
	} {
		if value, there := got[series]; !there || value != want {
			t.Errorf("%s is %v, want %v", series, value, want)
		}
	}
	for series := range got {
		if strings.Contains(series, "elsewhere") {
			t.Errorf("%s has text of a request", series)
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(got)), func(s string) bool { return strings.HasPrefix(s, "louche_build_info{goversion=") }) {
		t.Error("the version is missing")
	}
	if got["go_goroutines"] == 0 || got["process_open_fds"] == 0 {
		t.Error("the metrics of the process are missing")
	}
}

// statusCollector collects the status of one application.
type statusCollector appStatus

func (statusCollector) Describe(chan<- *prometheus.Desc) {}

func (c statusCollector) Collect(to chan<- prometheus.Metric) { collectApp(to, appStatus(c)) }

// collected returns the metrics of an application with a status.
func collected(t *testing.T, s appStatus) map[string]float64 {
	t.Helper()
	m := telemetry.NewMetrics()
	m.Register(statusCollector(s))
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.NewTextHandler(t.Output(), nil))).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return samples(t, w.Body.String())
}

// A node with a new address has two entries until the pool drops the former address. A
// scrape with two values for one series would fail.
func TestNodeWithTwoAddresses(t *testing.T) {
	for _, nodes := range [][]nodeStatus{
		{{Name: "a@h", Breaker: "open", State: rpcclient.Connecting}, {Name: "a@h", Breaker: "half-open", ConnectedSeconds: 1, State: rpcclient.Connected}},
		{{Name: "a@h", Breaker: "half-open", ConnectedSeconds: 1, State: rpcclient.Connected}, {Name: "a@h", Breaker: "open", State: rpcclient.Connecting}},
	} {
		got := collected(t, appStatus{Path: "/graphql", Nodes: nodes})
		for series, want := range map[string]float64{
			`louche_node_breaker{app="/graphql",node="a@h"}`:         1,
			`louche_nodes{app="/graphql",state="connected"}`:         1,
			`louche_nodes{app="/graphql",state="connecting"}`:        1,
			`louche_nodes{app="/graphql",state="draining"}`:          0,
			`louche_node_latency_seconds{app="/graphql",node="a@h"}`: 0,
		} {
			if value, there := got[series]; !there || value != want {
				t.Errorf("%s is %v, want %v", series, value, want)
			}
		}
	}
	// Names that are not UTF-8 do not fail the scrape.
	if got := collected(t, appStatus{Path: "/\xff", Nodes: []nodeStatus{{Name: "\xff@h"}}}); len(got) == 0 {
		t.Error("the metrics are empty")
	}
}
