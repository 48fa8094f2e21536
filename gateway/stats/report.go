package stats

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/durations"
)

// A Report has the figures of all operations.
type Report struct {
	// Bounds are the upper bounds of the histograms' buckets, in seconds.
	Bounds     []float64         `json:"bounds"`
	Operations []OperationReport `json:"operations"` // those that took most time first
}

// An OperationReport has the figures of one operation.
type OperationReport struct {
	Summary
	// Problems are the requests with errors by the gateway's code, or by the outcome of a
	// result of the application.
	Problems map[string]uint64 `json:"problems"`
	Recent   []RequestReport   `json:"recent"` // slow and failed requests, the latest first
}

// A RequestReport describes a slow or failed request.
type RequestReport struct {
	AgeSeconds   float64            `json:"age_seconds"`
	RequestID    string             `json:"request_id"`
	TraceID      string             `json:"trace_id,omitempty"`
	Client       operation.Client   `json:"client"`
	Node         string             `json:"node,omitempty"`
	Status       int                `json:"status"`
	Code         string             `json:"code"`
	Errors       operation.Outcome  `json:"errors,omitempty"`
	Seconds      float64            `json:"seconds"`
	StageSeconds map[string]float64 `json:"stage_seconds"`
}

// Summaries have the counts of all operations.
type Summaries struct {
	// Bounds are the upper bounds of the histograms' buckets, in seconds.
	Bounds     []float64 `json:"bounds"`
	Operations []Summary `json:"operations"` // those that took most time first
}

// A Summary has the counts of one operation.
type Summary struct {
	Operation
	Counts
}

// Report returns the figures of all operations.
func (o *Operations) Report() Report {
	report := Report{Bounds: durations.Bounds, Operations: []OperationReport{}}
	for _, f := range o.snapshot() {
		report.Operations = append(report.Operations, f.report())
	}
	slices.SortFunc(report.Operations, func(a, b OperationReport) int { return byTime(a.Summary, b.Summary) })
	return report
}

// Summaries returns the counts of all operations.
func (o *Operations) Summaries() Summaries {
	summaries := Summaries{Bounds: durations.Bounds, Operations: []Summary{}}
	for _, f := range o.snapshot() {
		summaries.Operations = append(summaries.Operations, f.summary())
	}
	slices.SortFunc(summaries.Operations, byTime)
	return summaries
}

// snapshot copies the figures. Requests wait meanwhile, so it does nothing else.
func (o *Operations) snapshot() []figures {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]figures, 0, o.figures.Len())
	for _, f := range o.figures.Values() {
		snapshot := *f
		snapshot.problems = maps.Clone(f.problems)
		all = append(all, snapshot)
	}
	return all
}

func byTime(a, b Summary) int {
	return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
}

func (f *figures) summary() Summary {
	return Summary{f.operation, f.counts.report(time.Now())}
}

func (f *figures) report() OperationReport {
	report := OperationReport{Summary: f.summary(), Problems: make(map[string]uint64), Recent: []RequestReport{}}
	for problem, requests := range f.problems {
		report.Problems[problem] = requests
	}
	for _, r := range slices.Backward(f.recent) {
		report.Recent = append(report.Recent, r.report())
	}
	return report
}

func (r *request) report() RequestReport {
	return RequestReport{
		AgeSeconds:   time.Since(r.at).Seconds(),
		RequestID:    r.id,
		TraceID:      r.traceID,
		Client:       r.client,
		Node:         r.node,
		Status:       r.status,
		Code:         r.code,
		Errors:       r.outcome,
		Seconds:      r.took.Seconds(),
		StageSeconds: stageSeconds(r.stages),
	}
}
