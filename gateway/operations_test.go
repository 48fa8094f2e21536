package gateway

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/stats"
	"github.com/louche-graphql/louche/gateway/telemetry"
)

// Operators see an operation that failed, with its request and client, and nothing that the
// client wrote but names.
func TestOperationsForOperators(t *testing.T) {
	g := gatewayOf(unreachableApp(t, nil))
	r := post(`{"query":"query Orders($of: ID) { orders(of: $of) { id } }","variables":{"of":"s3cret"}}`)
	r.Header.Set("X-Request-Id", "request-of-ios")
	r.Header.Set("Apollographql-Client-Name", "ios")
	r.Header.Set("Authorization", "Bearer t0ken")
	g.Handler().ServeHTTP(httptest.NewRecorder(), r)

	w := httptest.NewRecorder()
	g.Admin().ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:4401/operations", nil))
	var report stats.Report
	if err := json.Unmarshal(w.Body.Bytes(), &report); err != nil || len(report.Operations) != 1 || len(report.Operations[0].Recent) != 1 {
		t.Fatalf("%v in %s", err, w.Body)
	}
	op := report.Operations[0]
	if op.Operation != (stats.Operation{Path: "/graphql", Kind: "query", Name: "Orders"}) || op.Requests != 1 || op.Failed != 1 || op.Problems["NO_NODE_AVAILABLE"] != 1 {
		t.Errorf("%+v", op)
	}
	if recent := op.Recent[0]; recent.RequestID != "request-of-ios" || recent.Client.Name != "ios" || recent.Status != 503 || recent.StageSeconds["parse"] <= 0 {
		t.Errorf("%+v", recent)
	}
	for _, text := range []string{"s3cret", "t0ken", "orders("} {
		if strings.Contains(w.Body.String(), text) {
			t.Errorf("%s is in %s", text, w.Body)
		}
	}
}

// A request is slow to the log and to operators alike.
func TestSlowOperationsAreThoseOfTheLog(t *testing.T) {
	g := gatewayOf(unreachableApp(t, nil))
	g.SetAccessLog(telemetry.AccessConfig{Slow: time.Nanosecond})
	g.Handler().ServeHTTP(httptest.NewRecorder(), post(`{"query":"{ a }"}`))
	if op := g.engines.Stats.Summaries().Operations[0]; op.Slow != 1 {
		t.Errorf("%+v", op)
	}
}
