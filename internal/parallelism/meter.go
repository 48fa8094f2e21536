package parallelism

import (
	"runtime/metrics"
	"sort"
	"time"
)

// lateness is the wait of a ready goroutine for a P that counts as late.
const lateness = time.Millisecond

// A sample is the load of one interval.
type sample struct {
	elapsed time.Duration
	cpu     time.Duration // of all threads
	waits   uint64        // of ready goroutines for a P; Go counts one in eight
	late    uint64        // of these, those above lateness
	heap    uint64        // live bytes after the last garbage collection
}

// A meter takes samples.
type meter struct {
	metrics []metrics.Sample
	at      time.Time
	total   sample // since the start of the process; without elapsed
}

func newMeter() *meter {
	m := &meter{metrics: []metrics.Sample{{Name: "/sched/latencies:seconds"}, {Name: "/gc/heap/live:bytes"}}}
	m.read()
	return m
}

// read returns the sample since the last read.
func (m *meter) read() sample {
	now := time.Now()
	cpu, _ := cpuTime()
	metrics.Read(m.metrics)
	total := sample{cpu: cpu, heap: m.metrics[1].Value.Uint64()}
	waits := m.metrics[0].Value.Float64Histogram()
	late := sort.SearchFloat64s(waits.Buckets, lateness.Seconds())
	for i, n := range waits.Counts {
		total.waits += n
		if i >= late {
			total.late += n
		}
	}
	s := sample{
		elapsed: now.Sub(m.at),
		cpu:     total.cpu - m.total.cpu,
		waits:   total.waits - m.total.waits,
		late:    total.late - m.total.late,
		heap:    total.heap,
	}
	m.at, m.total = now, total
	return s
}
