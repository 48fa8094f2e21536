package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
)

// samples parses what Prometheus would and returns the values by series, such as
// louche_nodes{app="/graphql",state="connected"}; of a histogram its count.
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

func gatewayOf(apps ...*App) *Gateway {
	limits := Limits{}
	limits.SetDefaults()
	return New(nil, limits, apps, slog.New(slog.DiscardHandler))
}

// Requests are counted by what the gateway says of them, and by nothing that they
// say themselves.
func TestRequestsAreCounted(t *testing.T) {
	g := gatewayOf(unreachableApp(t, auth.ContextConfig{}))
	h := g.Handler()
	before := scrape(t, g)
	if _, there := before[`louche_requests_total{app="/graphql",code="OK"}`]; !there {
		t.Error("there is no count before the first request")
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
		`louche_requests_total{app="/graphql",code="NO_NODE_AVAILABLE"}`: 5,
		`louche_requests_total{app="/graphql",code="BAD_REQUEST"}`:       3,
		`louche_requests_total{app="/graphql",code="NOT_ACCEPTABLE"}`:    1,
		`louche_requests_total{app="/graphql",code="OK"}`:                0,
		`louche_request_duration_seconds{app="/graphql"}`:                9,
	} {
		if value, there := got[series]; !there || value != want {
			t.Errorf("%s is %v, want %v", series, value, want)
		}
	}
	for series := range got {
		if strings.Contains(series, "elsewhere") {
			t.Errorf("%s is of a request", series)
		}
	}
	if got["go_goroutines"] == 0 || got["process_open_fds"] == 0 {
		t.Error("nothing is told of the process")
	}
}

// Prometheus would take a counter that goes back for one that began again.
func TestCountersGoOnOverReloads(t *testing.T) {
	apps := make([]*App, 3)
	for i := range apps {
		apps[i] = unreachableApp(t, auth.ContextConfig{})
		apps[i].Contract = NewContract(ContractConfig{Validation: "enforce"}, apps[i].Absinthe, slog.New(slog.DiscardHandler))
	}
	g := gatewayOf(apps[0])
	limits := g.current.limits
	ask := func() { g.Handler().ServeHTTP(httptest.NewRecorder(), post(`{"query":"{ a }"}`)) }
	expect := func(when string, refused, requests float64) {
		t.Helper()
		got := scrape(t, g)
		if n := got[`louche_validations_total{app="/graphql",result="refused"}`]; n != refused {
			t.Errorf("%s: %v refused, want %v", when, n, refused)
		}
		if n := got[`louche_requests_total{app="/graphql",code="NO_NODE_AVAILABLE"}`]; n != requests {
			t.Errorf("%s: %v requests, want %v", when, n, requests)
		}
	}
	apps[0].Contract.counts.refused.Add(5)
	ask()
	expect("at first", 5, 1)

	under := g.begin() // a request that goes on
	finished := g.Reconfigure(limits, []*App{apps[1]})
	apps[0].Contract.counts.refused.Add(1)
	apps[1].Contract.counts.refused.Add(10)
	ask()
	expect("while a request of the former one goes on", 16, 2)
	under.requests.Done()
	<-finished
	expect("when it has ended", 16, 2)

	<-g.Reconfigure(limits, []*App{apps[1]})
	expect("after a reload without changes", 16, 2)
	<-g.Reconfigure(limits, []*App{apps[2]})
	apps[2].Contract.counts.refused.Add(100)
	expect("after another one", 116, 2)
	if len(g.tallies.leaving) != 0 {
		t.Error("applications are kept that have left")
	}
}

// only collects one application's status.
type only appStatus

func (only) Describe(chan<- *prometheus.Desc) {}

func (o only) Collect(to chan<- prometheus.Metric) { collectApp(to, appStatus(o), tally{}) }

func collected(t *testing.T, s appStatus) map[string]float64 {
	t.Helper()
	m := metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(only(s))
	w := httptest.NewRecorder()
	m.handler(slog.New(slog.NewTextHandler(t.Output(), nil))).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return samples(t, w.Body.String())
}

// A node that moved is there twice until the pool has given up the former address.
func TestNodeThatIsThereTwice(t *testing.T) {
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
	// Names that are not UTF-8 cost no scrape.
	if got := collected(t, appStatus{Path: "/\xff", Nodes: []nodeStatus{{Name: "\xff@h"}}}); len(got) == 0 {
		t.Error("nothing is told")
	}
}

// BenchmarkCount is what a request pays for being counted.
func BenchmarkCount(b *testing.B) {
	m := gatewayOf().metrics.of(unreachableApp(b, auth.ContextConfig{}))
	for _, code := range []string{answered, "NO_NODE_AVAILABLE"} {
		b.Run(code, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.count(code, time.Now())
			}
		})
	}
}
