package gateway

import "github.com/louche-graphql/louche/rpcclient"

// callTotals are the calls that ended on a node, without those that their client gave up.
// Within has the number of calls up to each bound, in seconds.
type callTotals struct {
	OK     uint64    `json:"ok"`
	Failed uint64    `json:"failed"`
	Bounds []float64 `json:"bounds"`
	Within []uint64  `json:"within"`
}

var callBounds = func() (seconds []float64) {
	for _, bound := range rpcclient.CallBounds {
		seconds = append(seconds, bound.Seconds())
	}
	return seconds
}()

func newCallTotals(t rpcclient.CallTotals) callTotals {
	return callTotals{OK: t.OK, Failed: t.Failed, Bounds: callBounds, Within: t.Within[:]}
}
