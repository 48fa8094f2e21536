package stats

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
)

// BenchmarkRecord is what the figures of an operation cost an answered request, beside the
// clock of its stages.
func BenchmarkRecord(b *testing.B) {
	report := operation.Report{Path: "/graphql", RequestID: "1m90lq8y8hdb4", Kind: "query", Node: "my-app@10.0.0.7", Code: operation.OK, Status: 200}
	clock := func() {
		report.Timer = operation.StartTimer(time.Now())
		for stage := operation.StageRead; stage <= operation.StageWrite; stage++ {
			report.Enter(stage)
		}
		report.End()
	}
	names := make([]string, maxOperations/2)
	for i := range names {
		names[i] = fmt.Sprint("Dashboard", i)
	}
	clock()
	b.Run("clock", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			clock()
		}
	})
	for name, code := range map[string]string{"succeeded": operation.OK, "failed": "TIMEOUT"} {
		o := NewOperations()
		report.Code = code
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				report.Name = names[i%len(names)]
				o.Record(&report)
			}
		})
	}
}

// BenchmarkSnapshot is how long requests wait while operators read the figures, when all
// bounds are reached.
func BenchmarkSnapshot(b *testing.B) {
	o := NewOperations()
	for i := range maxOperations * maxRecent {
		o.Record(&operation.Report{Kind: "query", Name: fmt.Sprint("Dashboard", i%maxOperations), RequestID: "1m90lq8y8hdb4", Code: "TIMEOUT"})
	}
	b.Run("wait", func(b *testing.B) {
		for b.Loop() {
			o.snapshot()
		}
	})
	b.Run("event", func(b *testing.B) {
		for b.Loop() {
			text, err := json.Marshal(o.Summaries())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(text)), "bytes")
		}
	})
}
