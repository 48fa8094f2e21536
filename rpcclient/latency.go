package rpcclient

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	// latencyShare is the share of the latest call in a node's latency.
	latencyShare = 1.0 / 8
	// latencyMemory is the time in which what is known of a node that gets no
	// calls counts for a third: then it is tried again.
	latencyMemory = 2 * time.Second
)

// latency is how long the calls of a node took lately: a moving geometric mean,
// kept as its binary logarithm in seconds. Documents differ more than nodes do,
// and a geometric mean of eight calls hardly moves for one that took a second
// among many of a millisecond, but follows when all take long.
type latency struct {
	log  float64
	last time.Time // of the latest call; zero: there was none
}

// add takes a call into account. The first one counts no more than the others,
// typical standing for those before it: it may be slow because it is the first.
func (l *latency) add(took time.Duration, typical float64, now time.Time) {
	if l.last.IsZero() {
		l.log = typical
	}
	l.log += (log2Seconds(took) - l.log) * latencyShare
	l.last = now
}

func log2Seconds(took time.Duration) float64 {
	return math.Log2(max(took, time.Microsecond).Seconds())
}

// estimate is the logarithm to go by: it moves to typical, that of all nodes, when
// the node has not been asked for a while.
func (l *latency) estimate(typical float64, now time.Time) float64 {
	if l.last.IsZero() {
		return typical
	}
	known := math.Exp(-float64(now.Sub(l.last)) / float64(latencyMemory))
	return typical + (l.log-typical)*known
}

// duration is the mean itself, 0 where nothing is known.
func (l *latency) duration() time.Duration {
	if l.last.IsZero() {
		return 0
	}
	return time.Duration(math.Exp2(l.log) * float64(time.Second))
}

// typicalLatency is the latency of all nodes of a pool together. Of two calls that
// end at once, one may be left out of it, which does not matter.
type typicalLatency struct{ bits atomic.Uint64 }

func (t *typicalLatency) load() float64 { return math.Float64frombits(t.bits.Load()) }

func (t *typicalLatency) add(took time.Duration) {
	log := log2Seconds(took)
	if bits := t.bits.Load(); bits != 0 { // it is not the first
		typical := math.Float64frombits(bits)
		log = typical + (log-typical)*latencyShare
	}
	t.bits.Store(math.Float64bits(log))
}
