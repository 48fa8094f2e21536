package parallelism

import (
	"testing"
	"time"
)

// load is a sample of one interval in which use Ps were in use and a share of the waits was late.
func load(use, late float64) sample {
	return sample{
		elapsed: interval,
		cpu:     time.Duration(use * float64(interval)),
		waits:   1000,
		late:    uint64(1000 * late),
	}
}

// feed adds a sample until d has passed or the number of Ps changes, and returns the time.
func (p *policy) feed(d time.Duration, s sample) (elapsed time.Duration) {
	for procs := p.procs; elapsed < d && p.procs == procs; elapsed += interval {
		p.add(s)
	}
	return elapsed
}

func TestPolicyLowers(t *testing.T) {
	for _, tt := range []struct {
		use  float64
		late float64
		max  int
		want int
	}{
		{use: 0.02, max: 2, want: 1},
		{use: 0.3, max: 2, want: 1},
		{use: 0.3, late: 0.9, max: 2, want: 1}, // other processes have the CPU
		{use: 0.79, max: 2, want: 1},
		{use: 0.9, max: 2, want: 2},
		{use: 5, max: 64, want: 7},
		{use: 60, max: 64, want: 64},
		{use: 0.3, max: 1, want: 1},
	} {
		p := newPolicy(tt.max)
		elapsed := p.feed(10*time.Second, load(tt.use, tt.late))
		if p.procs != tt.want {
			t.Errorf("use %v: %d of %d Ps, want %d", tt.use, p.procs, tt.max, tt.want)
		}
		if p.procs < tt.max && elapsed < minHold {
			t.Errorf("use %v: lowered after %v", tt.use, elapsed)
		}
	}
}

// Ps that are not enough are all Ps within 100 ms.
func TestPolicyRaises(t *testing.T) {
	for name, s := range map[string]sample{
		"full":      load(1, 0),
		"late":      load(0.6, 0.5),
		"held up":   {elapsed: 3 * interval, cpu: 2 * interval},
		"starved":   {elapsed: 20 * interval, cpu: 3 * interval},
		"full heap": {elapsed: interval, heap: 1 << 30},
	} {
		p := newPolicy(16)
		p.feed(time.Minute, load(0.1, 0))
		if p.procs != 1 {
			t.Fatalf("%s: %d Ps at low load", name, p.procs)
		}
		if elapsed := p.feed(time.Minute, s); p.procs != 16 || elapsed > 12*interval {
			t.Errorf("%s: %d Ps after %v", name, p.procs, elapsed)
		}
	}
}

func TestPolicyKeepsFewPs(t *testing.T) {
	for name, s := range map[string]sample{
		"low":              load(0.3, 0.05),
		"busy":             load(0.85, 0.1),
		"without CPU":      load(0.2, 1),
		"late without CPU": {elapsed: 4 * interval, cpu: interval},
	} {
		p := newPolicy(4)
		p.feed(time.Minute, load(0.1, 0))
		if p.feed(time.Minute, s); p.procs != 1 {
			t.Errorf("%s: %d Ps", name, p.procs)
		}
	}
}

// A load for which one P never is enough, but seems so, has two changes in half a minute.
func TestPolicyDoesNotFlap(t *testing.T) {
	p := newPolicy(2)
	changes := 0
	for range 5 * time.Minute / interval {
		before := p.procs
		if p.procs == 2 {
			p.add(load(0.7, 0))
		} else {
			p.add(load(1, 0.5))
		}
		if p.procs != before {
			changes++
		}
	}
	if changes < 10 || changes > 30 {
		t.Errorf("%d changes in five minutes", changes)
	}
}

func TestPolicyMax(t *testing.T) {
	for _, tt := range []struct {
		name        string
		use         float64
		max, procs  int
		wantLowered int
	}{
		{"fewer, all in use", 8, 4, 8, 4},
		{"more, all in use", 8, 16, 8, 16},
		{"fewer than are left", 4, 2, 5, 2},
		{"more than are left", 4, 16, 5, 5},
	} {
		p := newPolicy(8)
		p.feed(2*minHold, load(tt.use, 0))
		if p.procs != tt.procs {
			t.Fatalf("%s: %d Ps", tt.name, p.procs)
		}
		if p.setMax(tt.max); p.procs != tt.wantLowered || p.max != tt.max {
			t.Errorf("%s: %d of %d Ps", tt.name, p.procs, p.max)
		}
	}
}
