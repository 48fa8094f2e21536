package parallelism

import (
	"math"
	"time"
)

const (
	// The Ps are not enough if more than full of them are in use, as a mean over some smoothing.
	full      = 0.9
	smoothing = 50 * time.Millisecond

	// Nor are they enough if more than half of them are in use while more than lateShare of the
	// waits are late, or the sample itself is. If fewer are in use, goroutines are late because
	// other processes have the CPU.
	half       = 0.5
	lateShare  = 0.25
	lateSample = 2 * interval

	// Nor if the sample is this late: others have the CPU, and the Ps are busy all the same. Idle
	// Ps under a load of nine processes for each CPU delayed no sample by more than 30 ms.
	heldUp = 6 * interval

	// Fewer Ps are enough if at most comfortable of them would be in use. The mean over minHold
	// decides. Each time that the fewer Ps are not enough for as long as that, the time doubles,
	// up to maxHold.
	comfortable      = 0.8
	minHold, maxHold = time.Second, 32 * time.Second

	// With a larger live heap, in bytes, all Ps stay: garbage collection would take long on one
	// P, and the number of Ps cannot change before its end.
	maxHeap = 64 << 20
)

// A policy decides how many Ps there are.
type policy struct {
	procs, max int
	use        float64       // Ps in use, smoothed
	hold       time.Duration // before fewer Ps are tried
	steady     time.Duration // since procs changed
	window     sample        // sum of the samples for the next try
}

func newPolicy(max int) *policy { return &policy{procs: max, max: max, hold: minHold} }

// setMax sets the most Ps, which change with the machine and its limits.
func (p *policy) setMax(max int) {
	if p.procs == p.max {
		p.procs = max
	}
	p.max, p.procs = max, min(p.procs, max)
}

// add adds a sample and sets procs.
func (p *policy) add(s sample) {
	use := s.cpu.Seconds() / s.elapsed.Seconds()
	p.use += (use - p.use) * min(1, s.elapsed.Seconds()/smoothing.Seconds())
	p.steady += s.elapsed
	p.window.elapsed += s.elapsed
	p.window.cpu += s.cpu
	procs := float64(p.procs)
	late := s.elapsed > lateSample || float64(s.late) > lateShare*float64(s.waits)
	switch {
	case p.use > full*procs || late && use > half*procs || s.elapsed > heldUp || s.heap > maxHeap:
		p.raise()
	case p.window.elapsed >= p.hold:
		p.lower()
	}
}

// raise makes all Ps available.
func (p *policy) raise() {
	p.window = sample{}
	if p.procs == p.max {
		return
	}
	if p.steady < p.hold {
		p.hold = min(2*p.hold, maxHold)
	} else {
		p.hold = minHold
	}
	p.procs, p.steady = p.max, 0
}

// lower leaves as many Ps as are comfortable for the window, and begins the next one.
func (p *policy) lower() {
	use := p.window.cpu.Seconds() / p.window.elapsed.Seconds()
	p.window = sample{}
	if procs := max(1, int(math.Ceil(use/comfortable))); procs < p.procs {
		p.procs, p.steady = procs, 0
	}
}
