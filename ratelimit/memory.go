package ratelimit

import (
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
)

// A charge is the cost of one operation on one counter.
type charge struct {
	key    key
	policy string // of the rule
	paid   int    // part of the cost that AllowRequest has charged
	cost   int    // the rest of the cost
	limit  int
	window time.Duration
	count  count
}

// admitted reports whether the counter has room for the cost.
func (c *charge) admitted() bool { return c.count.admits(c.cost, c.limit, c.window) }

// maxCounters bounds the counters in memory, to about 50 MB. The least recently used
// make room, so the counter of a client that keeps sending refused requests stays.
const maxCounters = 1 << 18

// memoryCounters are counters in memory. Their windows start at made, by the monotonic
// clock, because the wall clock may step.
type memoryCounters struct {
	made     time.Time
	mu       sync.Mutex
	counters *cache.Cache[key, *counter]
}

type counter struct {
	window            int64 // number of the current window
	current, previous int64
}

func newMemoryCounters() *memoryCounters {
	return &memoryCounters{made: time.Now(), counters: cache.New[key, *counter](maxCounters, 0)}
}

// charge does what [Store.charge] does.
func (m *memoryCounters) charge(charges []charge) (admitted bool) {
	now := time.Since(m.made)
	m.mu.Lock()
	defer m.mu.Unlock()
	admitted = true
	for i := range charges {
		c := &charges[i]
		c.count = m.at(c.key).advance(now, c.window)
		admitted = admitted && c.admitted()
	}
	for i := range charges {
		if admitted {
			m.at(charges[i].key).current += int64(charges[i].cost)
		}
	}
	return admitted
}

func (m *memoryCounters) at(k key) *counter {
	c, known := m.counters.Get(k)
	if !known {
		c = new(counter)
		m.counters.Add(k, c, 0)
	}
	return c
}

// advance moves the counter to the window of now and returns its count.
func (c *counter) advance(now, per time.Duration) count {
	window := int64(now / per)
	switch c.window {
	case window:
	case window - 1:
		c.window, c.current, c.previous = window, 0, c.current
	default:
		c.window, c.current, c.previous = window, 0, 0
	}
	return count{c.current, c.previous, now % per}
}
