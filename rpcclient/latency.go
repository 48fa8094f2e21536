package rpcclient

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	// latencyShare is the weight of the latest call.
	latencyShare = 1.0 / 8
	// latencyMemory is the time in which the weight of an idle node's latency falls to
	// 1/e. After that the node gets calls again.
	latencyMemory = 2 * time.Second
)

// latency is the moving geometric mean of the durations of a node's calls, as the
// binary logarithm of seconds. Documents differ more than nodes do: one call of a
// second among many of a millisecond hardly moves a geometric mean, while many slow
// calls do.
type latency struct {
	log  float64
	last time.Time // of the latest call; zero: none
}

// add adds a call. The first call may be slow because it is the first, so typical
// stands for the calls before it.
func (l *latency) add(elapsed time.Duration, typical float64, now time.Time) {
	if l.last.IsZero() {
		l.log = typical
	}
	l.log += (log2Seconds(elapsed) - l.log) * latencyShare
	l.last = now
}

func log2Seconds(elapsed time.Duration) float64 {
	return math.Log2(max(elapsed, time.Microsecond).Seconds())
}

// estimate returns the expected logarithm. It moves towards typical, that of all
// nodes, while the node is idle.
func (l *latency) estimate(typical float64, now time.Time) float64 {
	if l.last.IsZero() {
		return typical
	}
	known := math.Exp(-float64(now.Sub(l.last)) / float64(latencyMemory))
	return typical + (l.log-typical)*known
}

// duration is the mean, or 0 if it is unknown.
func (l *latency) duration() time.Duration {
	if l.last.IsZero() {
		return 0
	}
	return time.Duration(math.Exp2(l.log) * float64(time.Second))
}

// typicalLatency is the latency of all nodes of a pool. It may lose one of two calls
// that end at the same time.
type typicalLatency struct{ bits atomic.Uint64 }

func (t *typicalLatency) load() float64 { return math.Float64frombits(t.bits.Load()) }

func (t *typicalLatency) add(elapsed time.Duration) {
	log := log2Seconds(elapsed)
	if bits := t.bits.Load(); bits != 0 { // not the first call
		typical := math.Float64frombits(bits)
		log = typical + (log-typical)*latencyShare
	}
	t.bits.Store(math.Float64bits(log))
}
