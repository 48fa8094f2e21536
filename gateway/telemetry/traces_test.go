package telemetry

import (
	"log/slog"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
)

func startTraces(t *testing.T, sample float64) *Traces {
	t.Helper()
	traces, err := NewTraces(TracesConfig{Endpoint: "http://127.0.0.1:1", Sample: sample}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { traces.Close() })
	return traces
}

func TestTracesBegin(t *testing.T) {
	const n = 4000
	sampled := func(sample float64) (count int) {
		traces := startTraces(t, sample)
		ids := make(map[[16]byte]bool)
		for range n {
			trace := traces.Begin(operation.Trace{})
			if ids[trace.ID] || trace.Span != [8]byte{} {
				t.Fatalf("%+v does not begin a trace", trace)
			}
			ids[trace.ID] = true
			if trace.Sampled {
				count++
			}
		}
		return count
	}
	for sample, bounds := range map[float64][2]int{0: {0, 0}, .25: {n / 5, n / 3}, 1: {n, n}} {
		if count := sampled(sample); count < bounds[0] || count > bounds[1] {
			t.Errorf("a share of %v samples %d of %d traces", sample, count, n)
		}
	}
}

func TestClientsDecideAboutTheirTraces(t *testing.T) {
	for _, traces := range []*Traces{nil, startTraces(t, 0), startTraces(t, 1)} {
		for _, sampled := range []bool{false, true} {
			client := operation.Trace{ID: [16]byte{1}, Span: [8]byte{2}, Sampled: sampled, State: "a=1"}
			if got := traces.Begin(client); got != client {
				t.Errorf("%+v became %+v", client, got)
			}
		}
	}
}

// A request without a sampled trace allocates nothing for traces.
func TestUnsampledTracesAllocateNothing(t *testing.T) {
	traces := startTraces(t, 0)
	report := new(operation.Report)
	if n := testing.AllocsPerRun(100, func() {
		report.Trace = traces.Begin(operation.Trace{})
		report.NodeSpan = traces.NewSpan(report.Trace)
		traces.Record(report)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
