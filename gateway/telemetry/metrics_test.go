package telemetry

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// scrape returns the metrics in the text format of Prometheus.
func scrape(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// A result with GraphQL errors counts as OK, and by its outcome.
func TestResultsAreCounted(t *testing.T) {
	m := NewMetrics()
	requests := m.Requests("/graphql")
	for _, r := range []operation.Result{
		{Report: operation.Report{Code: operation.OK}},
		{Report: operation.Report{Code: operation.OK, Outcome: operation.Partial}},
		{Report: operation.Report{Code: operation.OK, Outcome: operation.NullData}},
		{Report: operation.Report{Code: operation.OK, Outcome: operation.NullData}},
		{Report: operation.Report{Code: operation.OK, Outcome: operation.NotExecuted}},
		{Report: operation.Report{Code: "GRAPHQL_VALIDATION_FAILED"}},
	} {
		requests.CountResult(&r, time.Now())
	}
	requests.CountError("TIMEOUT", time.Now())
	got := scrape(m)
	for _, want := range []string{
		`louche_requests_total{app="/graphql",code="OK"} 5`,
		`louche_requests_total{app="/graphql",code="GRAPHQL_VALIDATION_FAILED"} 1`,
		`louche_requests_total{app="/graphql",code="TIMEOUT"} 1`,
		`louche_request_duration_seconds_count{app="/graphql"} 7`,
		`louche_graphql_errors_total{app="/graphql",outcome="partial"} 1`,
		`louche_graphql_errors_total{app="/graphql",outcome="null_data"} 2`,
		`louche_graphql_errors_total{app="/graphql",outcome="unexecuted"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is not among the metrics:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "louche_graphql_errors_total{"); n != 3 {
		t.Errorf("%d outcomes are counted, want 3", n)
	}
}
