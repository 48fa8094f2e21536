package ratelimit

import (
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/cache"
)

// A charge is the cost of one operation on one counter, and what the counter said
// before.
type charge struct {
	key    key
	policy string // of the rule
	paid   int    // of the operation's cost, when it arrived
	cost   int    // the rest of it
	limit  int
	per    time.Duration
	count  count
}

// admitted reports whether the counter has room for the cost.
func (c *charge) admitted() bool { return c.count.admits(c.cost, c.limit, c.per) }

// maxCounters bounds the counters in memory, to about 50 MB. The least recently used
// make room, so the counter of a client that keeps sending refused requests stays.
const maxCounters = 1 << 18

// memory keeps counters in memory. Its windows are counted from when it was made, by
// the monotonic clock: the wall clock may step.
type memory struct {
	made     time.Time
	mu       sync.Mutex
	counters *cache.Cache[key, *counter]
}

type counter struct {
	window            int64 // its number
	current, previous int64
}

func newMemory() *memory {
	return &memory{made: time.Now(), counters: cache.New[key, *counter](maxCounters, 0)}
}

// charge notes in charges what their counters say, and counts one operation on all
// of them if all admit it.
func (m *memory) charge(charges []charge) (admitted bool) {
	now := time.Since(m.made)
	m.mu.Lock()
	defer m.mu.Unlock()
	admitted = true
	for i := range charges {
		c := &charges[i]
		c.count = m.at(c.key).look(now, c.per)
		admitted = admitted && c.admitted()
	}
	for i := range charges {
		if admitted {
			m.at(charges[i].key).current += int64(charges[i].cost)
		}
	}
	return admitted
}

// at is the counter with a key.
func (m *memory) at(k key) *counter {
	c, known := m.counters.Get(k)
	if !known {
		c = new(counter)
		m.counters.Add(k, c, 0)
	}
	return c
}

// look goes on to the window of now.
func (c *counter) look(now, per time.Duration) count {
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
