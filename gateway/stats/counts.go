package stats

import (
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/durations"
)

const numStages = len(operation.Timer{}.Stages)

// counts are those of the requests of an operation, or of an application.
type counts struct {
	requests, failed, withErrors, slow uint64
	took                               time.Duration // of all requests
	stages                             [numStages]time.Duration
	durations                          durations.Histogram
}

// add counts a request, as a slow one if it took as long as slow.
func (c *counts) add(r *operation.Report, slow time.Duration) {
	took := r.Took()
	c.requests++
	if r.Failed() {
		c.failed++
	}
	if r.HasErrors() {
		c.withErrors++
	}
	if took >= slow {
		c.slow++
	}
	c.took += took
	for i, d := range r.Stages {
		c.stages[i] += d
	}
	c.durations.Add(took, r.Ended())
}

// Counts are those of the requests of an operation, or of an application.
type Counts struct {
	Requests   uint64  `json:"requests"`
	Failed     uint64  `json:"failed"`      // whose answer has no data
	WithErrors uint64  `json:"with_errors"` // whose answer has errors, with data or without
	Slow       uint64  `json:"slow"`        // see [Operations.SetSlow]
	Seconds    float64 `json:"seconds"`     // of all requests
	// StageSeconds has the time of all requests by stage.
	StageSeconds map[string]float64 `json:"stage_seconds"`
	durations.Report
}

func (c *counts) report(at time.Time) Counts {
	return Counts{
		Requests:     c.requests,
		Failed:       c.failed,
		WithErrors:   c.withErrors,
		Slow:         c.slow,
		Seconds:      c.took.Seconds(),
		StageSeconds: stageSeconds(c.stages),
		Report:       c.durations.Report(at),
	}
}

// stageSeconds has the stages that took time.
func stageSeconds(stages [numStages]time.Duration) map[string]float64 {
	seconds := make(map[string]float64)
	for i, took := range stages {
		if took > 0 {
			seconds[operation.Stage(i).String()] = took.Seconds()
		}
	}
	return seconds
}
