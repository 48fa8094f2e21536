package gateway

import (
	"time"

	"github.com/louche-graphql/louche/internal/durations"
	"github.com/louche-graphql/louche/rpcclient"
)

// callTotals are the calls that ended on a node, without those that their client gave up.
type callTotals struct {
	OK     uint64    `json:"ok"`
	Failed uint64    `json:"failed"` // without a result of the call
	Bounds []float64 `json:"bounds"` // of the histogram, in seconds
	durations.Report
}

func newCallTotals(t *rpcclient.CallTotals) callTotals {
	return callTotals{OK: t.OK, Failed: t.Failed, Bounds: durations.Bounds, Report: t.Durations.Report(time.Now())}
}
