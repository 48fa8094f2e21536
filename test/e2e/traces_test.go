package e2e_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/louche-graphql/louche/test/beamtest"
)

// A traceReceiver receives traces over OTLP.
type traceReceiver struct {
	*httptest.Server
	mu      sync.Mutex
	service string
	spans   []*traces.Span
}

func receiveTraces(t *testing.T) *traceReceiver {
	c := new(traceReceiver)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var export collector.ExportTraceServiceRequest
		if r.URL.Path != "/v1/traces" || err != nil || proto.Unmarshal(body, &export) != nil {
			t.Errorf("the gateway sends %s to %s", body, r.URL)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, resource := range export.ResourceSpans {
			c.service = text(resource.Resource.Attributes, "service.name")
			for _, scope := range resource.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func text(attributes []*common.KeyValue, key string) string {
	for _, a := range attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// A sampled request has spans for itself and its stages, below that of the client.
func TestTraces(t *testing.T) {
	const (
		traceID = "0af7651916cd43dd8448eb211c80319c"
		spanID  = "b7ad6b7169203331"
	)
	receiver := receiveTraces(t)
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"traces: {endpoint: "+receiver.URL+"}\n")
	g.post(t, `{"query":"query Sampled { counter }"}`, "Traceparent", "00-"+traceID+"-"+spanID+"-01", "Tracestate", "other=1", "X-Request-Id", "sampled-1")
	g.post(t, `{"query":"{ exit }"}`, "Traceparent", "00-"+traceID+"-"+spanID+"-01")
	g.post(t, `{"query":"query Unsampled { counter }"}`, "Traceparent", "00-"+traceID+"-"+spanID+"-00")
	g.post(t, `{"query":"query Undecided { counter }"}`) // sample is 0
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	var names []string
	requests := make(map[string]*traces.Span)
	for _, span := range receiver.spans {
		names = append(names, span.Name)
		if hex.EncodeToString(span.TraceId) != traceID {
			t.Errorf("%s has the trace %x", span.Name, span.TraceId)
		}
		if span.Kind == traces.Span_SPAN_KIND_SERVER {
			requests[text(span.Attributes, "graphql.operation.name")] = span
		}
	}
	request, failed := requests["Sampled"], requests[""]
	if request == nil || failed == nil || len(requests) != 2 || receiver.service != "louche" {
		t.Fatalf("spans %q of %s", names, receiver.service)
	}
	for key, want := range map[string]string{"http.request.method": "POST", "http.route": "/graphql", "graphql.operation.type": "query", "louche.request_id": "sampled-1"} {
		if got := text(request.Attributes, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if hex.EncodeToString(request.ParentSpanId) != spanID || request.Name != "query" || request.TraceState != "other=1" {
		t.Errorf("the span %s is below %x with the state %q", request.Name, request.ParentSpanId, request.TraceState)
	}
	if failed.Status.Code != traces.Status_STATUS_CODE_ERROR || text(failed.Attributes, "error.type") != "INTERNAL" {
		t.Errorf("the span of a failed request: %v", failed)
	}
	var stages []string
	at := request.StartTimeUnixNano
	for _, span := range receiver.spans {
		if !slices.Equal(span.ParentSpanId, request.SpanId) {
			continue
		}
		stages = append(stages, span.Name)
		if span.StartTimeUnixNano != at {
			t.Errorf("%s begins %d ns after the former stage", span.Name, span.StartTimeUnixNano-at)
		}
		at = span.EndTimeUnixNano
		if span.Name == "node" && (text(span.Attributes, "louche.node") != "testapp@127.0.0.1" || span.Kind != traces.Span_SPAN_KIND_CLIENT) {
			t.Errorf("the call: %v", span)
		}
	}
	if want := []string{"authenticate", "read", "parse", "queue", "node", "transcode", "write"}; !slices.Equal(stages, want) || at != request.EndTimeUnixNano {
		t.Errorf("stages %q, want %q", stages, want)
	}
}

// A trace that begins at the gateway has the id that the log has.
func TestTracesBeginAtTheGateway(t *testing.T) {
	receiver := receiveTraces(t)
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)+"traces: {endpoint: "+receiver.URL+", sample: 1}\nlog: {access: 1}\n")
	g.post(t, `{"query":"{ counter }"}`, "X-Request-Id", "begins-1")
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	logged := regexp.MustCompile(`request_id=begins-1 trace_id=([0-9a-f]{32}) `).FindStringSubmatch(g.log.String())
	if logged == nil {
		t.Fatalf("no trace in the log:\n%s", g.log.String())
	}
	if len(receiver.spans) != 8 {
		t.Errorf("%d spans, want those of the request and seven stages", len(receiver.spans))
	}
	for _, span := range receiver.spans {
		if id := hex.EncodeToString(span.TraceId); id != logged[1] {
			t.Errorf("%s has the trace %s, and the log %s", span.Name, id, logged[1])
		}
		if isRoot := len(span.ParentSpanId) == 0; isRoot != (span.Kind == traces.Span_SPAN_KIND_SERVER) {
			t.Errorf("%s is below %x", span.Name, span.ParentSpanId)
		}
	}
}
