package telemetry

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/louche-graphql/louche/gateway/operation"
)

// Traces sends the traces of sampled requests to a collector. The spans of a request are made
// of its report, once it is answered: other requests cost a decision. Nil: traces are off.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	bound    uint64 // of the ids of sampled traces
}

// NewTraces returns Traces; nil: there is no endpoint. The exporter also reads the variables
// OTEL_EXPORTER_OTLP_…, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
func NewTraces(c TracesConfig, log *slog.Logger) (*Traces, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	endpoint, err := url.JoinPath(c.Endpoint, "v1", "traces")
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("traces cannot be exported", "reason", err)
	}))
	named, err := resource.Merge(resource.NewSchemaless(semconv.ServiceName("louche")), resource.Environment())
	if err != nil {
		return nil, err
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(named),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithIDGenerator(reportIDs{}),
	)
	return &Traces{
		provider: provider,
		tracer:   provider.Tracer("github.com/louche-graphql/louche", trace.WithSchemaURL(semconv.SchemaURL)),
		bound:    uint64(c.Sample * (1 << 63)),
	}, nil
}

// lastSpans bounds the time to send the last spans.
const lastSpans = 5 * time.Second

// Close sends the last spans.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastSpans)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// Begin returns the trace of a request: that of its client, or else a new one. Whether that
// is sampled depends on its id, as in the sampler TraceIdRatioBased of OpenTelemetry.
func (t *Traces) Begin(client operation.Trace) operation.Trace {
	if t == nil || client.Exists() {
		return client
	}
	var began operation.Trace
	high, low := rand.Uint64(), rand.Uint64() // #nosec G404 -- no secret
	binary.BigEndian.PutUint64(began.ID[:8], high)
	binary.BigEndian.PutUint64(began.ID[8:], low)
	began.Sampled = low>>1 < t.bound
	return began
}

// NewSpan returns the id of a span in a trace. Without traces of the gateway, that is the
// client's span.
func (t *Traces) NewSpan(of operation.Trace) [8]byte {
	if t == nil {
		return of.Span
	}
	return newSpanID()
}

func newSpanID() (id [8]byte) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()) // #nosec G404 -- no secret
	return id
}

// Record makes the spans of an operation, if its request is sampled.
func (t *Traces) Record(r *operation.Report) {
	if t == nil || !r.Trace.Sampled {
		return
	}
	end := r.Ended()
	began := end.Add(-r.Took())
	ctx, span := t.tracer.Start(contextOf(r), spanName(r), trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindServer))
	defer span.End(trace.WithTimestamp(end))
	span.SetAttributes(requestAttributes(r)...)
	if r.Status >= 500 || r.Code == operation.InternalCode {
		span.SetStatus(codes.Error, r.Code)
	}
	for i, took := range r.Stages {
		if took > 0 {
			t.recordStage(ctx, r, operation.Stage(i), began, began.Add(took))
		}
		began = began.Add(took)
	}
}

// contextOf returns the context of the first span: below the client's, if there is one.
func contextOf(r *operation.Report) context.Context {
	ctx := context.WithValue(context.Background(), traceIDKey{}, trace.TraceID(r.Trace.ID))
	if r.Trace.Span == [8]byte{} {
		return ctx
	}
	state, _ := trace.ParseTraceState(r.Trace.State) // empty if it is invalid
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: r.Trace.ID, SpanID: r.Trace.Span, TraceFlags: trace.FlagsSampled, TraceState: state,
	}))
}

// reportIDs generates the ids of spans. The report has decided some of them before.
type reportIDs struct{}

type (
	traceIDKey struct{} // of a trace that begins
	spanIDKey  struct{} // of the next span; absent: any
)

func (reportIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	return ctx.Value(traceIDKey{}).(trace.TraceID), newSpanID()
}

func (reportIDs) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	if id, ok := ctx.Value(spanIDKey{}).(trace.SpanID); ok {
		return id
	}
	return newSpanID()
}

// spanName has few values: the kind of the operation, as the conventions for GraphQL want it.
func spanName(r *operation.Report) string {
	if r.Kind == "" {
		return "GraphQL Operation"
	}
	return r.Kind
}

func requestAttributes(r *operation.Report) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(r.Method),
		semconv.HTTPRoute(r.Path),
		semconv.HTTPResponseStatusCode(r.Status),
		attribute.String("louche.request_id", r.RequestID),
	}
	for _, a := range []attribute.KeyValue{
		semconv.GraphQLOperationTypeKey.String(r.Kind),
		semconv.GraphQLOperationName(r.Name),
		attribute.String("louche.client.name", r.Client.Name),
		attribute.String("louche.client.version", r.Client.Version),
	} {
		if a.Value.AsString() != "" {
			attrs = append(attrs, a)
		}
	}
	if r.Shared {
		attrs = append(attrs, attribute.Bool("louche.shared", true))
	}
	if r.Prepared {
		attrs = append(attrs, attribute.Bool("louche.prepared", true))
	}
	switch {
	case r.Code != operation.OK:
		attrs = append(attrs, semconv.ErrorTypeKey.String(r.Code))
	case r.Outcome != operation.Succeeded:
		attrs = append(attrs, attribute.String("louche.graphql_errors", string(r.Outcome)))
	}
	return attrs
}

// recordStage makes the span of a stage. That of the node is a remote call.
func (t *Traces) recordStage(ctx context.Context, r *operation.Report, stage operation.Stage, began, end time.Time) {
	options := []trace.SpanStartOption{trace.WithTimestamp(began)}
	if stage == operation.StageNode {
		ctx = context.WithValue(ctx, spanIDKey{}, trace.SpanID(r.NodeSpan))
		_, host, _ := strings.Cut(r.Node, "@")
		options = append(options, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			semconv.RPCSystemNameKey.String("erlang_distribution"),
			semconv.RPCMethod("Absinthe.run/3"),
			semconv.ServerAddress(host),
			attribute.String("louche.node", r.Node),
		))
	}
	_, span := t.tracer.Start(ctx, stage.String(), options...)
	if stage == operation.StageNode && r.Code != operation.OK {
		span.SetStatus(codes.Error, r.Code)
	}
	span.End(trace.WithTimestamp(end))
}
