// Package telemetry has the metrics of requests, and the registry in which every feature
// registers its own. It must never import a feature.
package telemetry

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/louche-graphql/louche/gateway/operation"
)

// Metrics is the registry of metrics. Labels are paths, names of nodes and issuers, and
// words of this program. Text of a request is never a label.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	limited  *prometheus.CounterVec

	uploads       *prometheus.CounterVec
	uploadedBytes *prometheus.CounterVec
	uploading     *prometheus.GaugeVec
}

// durations are the upper bounds of the histogram's buckets in seconds: from the time of
// the smallest query to the default timeout of operations. Scrapers that support native
// histograms have finer ones.
var durations = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// stageDurations are those of a stage, most of which are shorter than a request.
var stageDurations = []float64{.0001, .001, .01, .1, 1, 10}

// NewMetrics returns a registry with the metrics of requests and of the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_requests_total",
			Help: "Requests to an application, by the gateway's error code; OK: the application answered, with GraphQL errors or without. Each operation of a batch counts.",
		}, []string{"app", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                           "louche_request_duration_seconds",
			Help:                           "Time from the header of a request to its answer, without compressing and sending it. Each operation of a batch counts, with the time of the batch.",
			Buckets:                        durations,
			NativeHistogramBucketFactor:    1.1,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"app"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                           "louche_request_stage_duration_seconds",
			Help:                           "Time of each stage of a request that took part in it. Each operation of a batch counts.",
			Buckets:                        stageDurations,
			NativeHistogramBucketFactor:    1.1,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"app", "stage"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_graphql_errors_total",
			Help: "Answers of the application that have errors, which louche_requests_total counts as OK. unexecuted: the document, the variables or the operation's name were refused; null_data: data is null; partial: there is data beside the errors.",
		}, []string{"app", "outcome"}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_rate_limited_total",
			Help: "Operations that a rate limit refused, by the policy of its rule. An operation that several rules refuse counts for each.",
		}, []string{"app", "policy"}),
		uploads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_uploads_total",
			Help: "Requests with files, by the gateway's error code; OK: they were answered. A batch counts once.",
		}, []string{"app", "code"}),
		uploadedBytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "louche_upload_bytes_total",
			Help: "Bytes of files that clients sent, also those of requests that failed.",
		}, []string{"app"}),
		uploading: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "louche_uploads_in_flight",
			Help: "Requests with files under way.",
		}, []string{"app"}),
	}
	m.Register(m.requests, m.duration, m.stages, m.errors, m.limited, m.uploads, m.uploadedBytes, m.uploading,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds the collectors of a feature. It panics if a name is taken.
func (m *Metrics) Register(collectors ...prometheus.Collector) {
	m.registry.MustRegister(collectors...)
}

// Handler answers in the format that the request's Accept header asks for. It leaves out
// and logs what cannot be collected.
func (m *Metrics) Handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog:      NewLibraryLog(log, "metrics cannot be collected"),
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// RequestMetrics count the requests of one application. They belong to its path and go on
// over reloads.
type RequestMetrics struct {
	ok       prometheus.Counter
	failed   *prometheus.CounterVec // by code
	duration prometheus.Observer
	stages   [len(operation.Timer{}.Stages)]prometheus.Observer
	errors   map[operation.Outcome]prometheus.Counter
	limited  *prometheus.CounterVec // by policy

	uploads       *prometheus.CounterVec // by code
	uploadedBytes prometheus.Counter
	uploading     prometheus.Gauge
}

// Requests returns the metrics of the application at a path.
func (m *Metrics) Requests(path string) *RequestMetrics {
	path = LabelValue(path)
	byCode := m.requests.MustCurryWith(prometheus.Labels{"app": path})
	errors := make(map[operation.Outcome]prometheus.Counter)
	for _, o := range []operation.Outcome{operation.NotExecuted, operation.NullData, operation.Partial} {
		errors[o] = m.errors.WithLabelValues(path, string(o))
	}
	var stages [len(operation.Timer{}.Stages)]prometheus.Observer
	for i := range stages {
		stages[i] = m.stages.WithLabelValues(path, operation.Stage(i).String())
	}
	return &RequestMetrics{
		stages:   stages,
		ok:       byCode.WithLabelValues(operation.OK),
		failed:   byCode,
		duration: m.duration.WithLabelValues(path),
		errors:   errors,
		limited:  m.limited.MustCurryWith(prometheus.Labels{"app": path}),

		uploads:       m.uploads.MustCurryWith(prometheus.Labels{"app": path}),
		uploadedBytes: m.uploadedBytes.WithLabelValues(path),
		uploading:     m.uploading.WithLabelValues(path),
	}
}

// CountError counts an operation that is answered with an error of the gateway.
func (m *RequestMetrics) CountError(code string, began time.Time) {
	m.failed.WithLabelValues(code).Inc()
	m.duration.Observe(time.Since(began).Seconds())
}

// CountResult counts an operation that is answered with a result.
func (m *RequestMetrics) CountResult(r *operation.Result, began time.Time) {
	if r.Code != operation.OK {
		m.CountError(r.Code, began)
		return
	}
	m.ok.Inc()
	m.duration.Observe(time.Since(began).Seconds())
	if r.Outcome != operation.Succeeded {
		m.errors[r.Outcome].Inc()
	}
}

// ObserveStages observes the stages of an answered operation.
func (m *RequestMetrics) ObserveStages(r *operation.Report) {
	for i, took := range r.Stages {
		if took > 0 {
			m.stages[i].Observe(took.Seconds())
		}
	}
}

// CountRateLimited counts an operation that a policy refused.
func (m *RequestMetrics) CountRateLimited(policy string) {
	m.limited.WithLabelValues(policy).Inc()
}

// CountUpload counts a request with files that is answered.
func (m *RequestMetrics) CountUpload(code string) { m.uploads.WithLabelValues(code).Inc() }

// CountUploadedBytes counts bytes of files.
func (m *RequestMetrics) CountUploadedBytes(n int) { m.uploadedBytes.Add(float64(n)) }

// AddUploading adds to the number of requests with files under way.
func (m *RequestMetrics) AddUploading(n int) { m.uploading.Add(float64(n)) }

// LabelValue is text as a label may have it: valid UTF-8.
func LabelValue(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
