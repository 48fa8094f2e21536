package e2e_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	traces "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/louche-graphql/louche/test/beamtest"
)

// The lines that resolvers log have the request id that the client gets.
func TestRequestIDInTheApplicationsLog(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd))
	for message, id := range map[string]string{"of-the-client": "id-of-the-client", "of-the-gateway": ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/graphql", strings.NewReader(`{"query":"{ log(message: \"`+message+`\") }"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Request-Id", id)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := resp.Header.Get("X-Request-Id")
		if line, want := node.WaitOutput(t, message), "[info] request_id="+got+" "+message; got == "" || id != "" && got != id || line != want {
			t.Errorf("the application logs %q, want %q", line, want)
		}
	}
}

// The application gets the span of the call as the parent of its own, and the decision about
// the trace. Without traces of the gateway, that is the client's span.
func TestTraceContextInTheApplication(t *testing.T) {
	const (
		traceID = "0af7651916cd43dd8448eb211c80319c"
		spanID  = "b7ad6b7169203331"
		client  = "00-" + traceID + "-" + spanID + "-"
	)
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	node.LoadOpenTelemetry(t)
	for name, tt := range map[string]struct {
		sample  string // of the gateway; empty: it has no traces
		client  string // its traceparent
		sampled bool
	}{
		"sampled":               {"1", "", true},
		"not sampled":           {"0", "", false},
		"sampled by client":     {"0", client + "01", true},
		"not sampled by client": {"1", client + "00", false},
		"no traces":             {"", client + "01", true},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := receiveTraces(t)
			config := configFor(epmd, "    trace_context: on", "    log_metadata: off")
			if tt.sample != "" {
				config += "traces: {endpoint: " + receiver.URL + ", sample: " + tt.sample + "}\n"
			}
			g := startGateway(t, config)
			var metadata map[string]string
			eventually(t, "the application gets the trace", func() bool {
				message := fmt.Sprintf("line-%d.", lines.Add(1))
				g.post(t, `{"query":"{ log(message: \"`+message+`\") }"}`, "Traceparent", tt.client)
				metadata = make(map[string]string)
				for pair := range strings.FieldsSeq(node.WaitOutput(t, " "+message)) {
					key, value, _ := strings.Cut(pair, "=")
					metadata[key] = value
				}
				return metadata["otel_trace_id"] != ""
			})
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			if tt.client != "" && metadata["otel_trace_id"] != traceID || tt.sampled != (metadata["otel_trace_flags"] == "01") {
				t.Errorf("the application has %v", metadata)
			}
			if tt.sample == "" && metadata["otel_span_id"] != spanID {
				t.Errorf("the application has the span %s, want %s", metadata["otel_span_id"], spanID)
			}
			recorded := slices.ContainsFunc(receiver.spans, func(span *traces.Span) bool {
				return span.Name == "node" && hex.EncodeToString(span.SpanId) == metadata["otel_span_id"] && hex.EncodeToString(span.TraceId) == metadata["otel_trace_id"]
			})
			if want := tt.sampled && tt.sample != ""; recorded != want || want == (len(receiver.spans) == 0) {
				t.Errorf("%d spans, and that of the call among them: %v, want %v", len(receiver.spans), recorded, want)
			}
		})
	}
}

var lines atomic.Int64
