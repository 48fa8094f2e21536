package bench

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"time"
)

var (
	turns    = flag.Int("turns", 5, "turns of each candidate; figures are their medians")
	duration = flag.Duration("duration", 800*time.Millisecond, "duration of a turn")
	only     = flag.String("only", "", "regular expression of workloads, such as small; empty: all")
	chart    = flag.String("chart", "", "SVG file for the chart")
)

func TestMain(m *testing.M) {
	if Serve() {
		return
	}
	flag.Parse()
	if Short() {
		*turns, *duration = 1, 100*time.Millisecond
	}
	os.Exit(m.Run())
}

// BenchmarkCandidates compares the gateway with :erpc.call from a BEAM node, with
// httputil.ReverseProxy, and, where ERL_LIBS has Bandit and Absinthe.Plug, with these.
func BenchmarkCandidates(b *testing.B) {
	s := start(b)
	var rows []row
	chosen := regexp.MustCompile(*only)
	for _, w := range workloads {
		if !chosen.MatchString(w.name) {
			continue
		}
		candidates := s.candidates(b, w)
		for _, callers := range w.callers {
			results, err := Compare(candidates, callers, *turns, *duration)
			if err != nil {
				b.Fatal(err)
			}
			r := row{w, callers, results}
			r.print(os.Stdout)
			rows = append(rows, r)
		}
		for _, c := range candidates {
			if l, ok := c.Load.(*HTTP); ok {
				l.Close()
			}
		}
	}
	b.ReportMetric(0, "ns/op") // the sum of all has no meaning
	if *chart != "" {
		drawRatios(b, *chart, rows)
	}
}
