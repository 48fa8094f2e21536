package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/logging"
)

// BenchmarkReport is what the consumers of a report cost an answered request.
func BenchmarkReport(b *testing.B) {
	report := operation.Report{
		Path: "/graphql", RequestID: "1m90lq8y8hdb4", Method: "POST", Kind: "query", Name: "Dashboard", Hash: [32]byte{1},
		Node: "my-app@10.0.0.7", Code: operation.OK, Status: 200, Bytes: 4711, Timer: operation.StartTimer(time.Now()),
	}
	for stage := operation.StageRead; stage <= operation.StageWrite; stage++ {
		report.Enter(stage)
	}
	report.End()
	handler := logging.NewHandler(io.Discard, slog.LevelInfo, true)
	defer handler.Close(time.Second)
	for name, share := range map[string]float64{"log/off": 0, "log/access": 1} {
		access := NewAccessLog(slog.New(handler))
		config := AccessConfig{Access: share}
		config.SetDefaults()
		access.Configure(config)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				access.Log(context.Background(), &report)
			}
		})
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	for name, config := range map[string]TracesConfig{
		"traces/off":  {},
		"traces/0%":   {Endpoint: collector.URL},
		"traces/1%":   {Endpoint: collector.URL, Sample: .01},
		"traces/100%": {Endpoint: collector.URL, Sample: 1},
	} {
		traces, err := NewTraces(config, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				report.Trace = traces.Begin(operation.Trace{})
				report.NodeSpan = traces.NewSpan(report.Trace)
				traces.Record(&report)
			}
		})
		traces.Close()
	}
	b.Run("stages", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			timer := operation.StartTimer(time.Now())
			for stage := operation.StageRead; stage <= operation.StageWrite; stage++ {
				timer.Enter(stage)
			}
			timer.End()
		}
	})
}
