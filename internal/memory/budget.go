// Package memory bounds the memory of all requests and answers together.
//
// Bytes are reserved before they are allocated. A reservation succeeds or fails at once. If
// the budget is exhausted, it preempts requests that wait for their clients, the slowest
// client first.
package memory

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Budget is a bounded number of bytes. It is safe for concurrent use.
type Budget struct {
	limit       int64
	used        atomic.Int64
	preemptions atomic.Uint64

	mu      sync.Mutex
	waiting map[*Account]struct{} // between BeginWait and EndWait
}

// NewBudget returns a budget of limit bytes.
func NewBudget(limit int64) *Budget {
	return &Budget{limit: limit, waiting: make(map[*Account]struct{})}
}

// Limit returns the size of the budget in bytes.
func (b *Budget) Limit() int64 { return b.limit }

// Used returns the reserved bytes.
func (b *Budget) Used() int64 { return b.used.Load() }

// Preemptions returns the number of preempted accounts.
func (b *Budget) Preemptions() uint64 { return b.preemptions.Load() }

// LargeReservation is the smallest large reservation, in bytes. Large ones leave a quarter of
// the budget to small ones, which are the majority.
const LargeReservation = 256 << 10

// Reserve reserves n bytes and reports whether there was room.
func (b *Budget) Reserve(n int) bool {
	limit := b.limit
	if n >= LargeReservation {
		limit -= limit / 4
	}
	return b.tryReserve(int64(n), limit) || b.makeRoom(int64(n), limit)
}

// Release returns n bytes.
func (b *Budget) Release(n int) { b.used.Add(-int64(n)) }

func (b *Budget) tryReserve(n, limit int64) bool {
	for {
		used := b.used.Load()
		if n > limit-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// makeRoom preempts waiting accounts, the slowest first, until it can reserve n bytes. It
// preempts none if all together would not suffice.
func (b *Budget) makeRoom(n, limit int64) bool {
	for {
		victim := b.slowest(n, limit)
		if victim == nil {
			return false
		}
		victim.preempt()
		if b.tryReserve(n, limit) {
			return true
		}
	}
}

// slowest removes and returns the slowest waiting account; nil if there is none, or if all
// together do not make room for n bytes.
func (b *Budget) slowest(n, limit int64) (victim *Account) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	var slowestRate float64
	room := limit - b.used.Load()
	for a := range b.waiting {
		rate := a.rateAt(now)
		if rate >= MinRate {
			continue
		}
		room += a.held.Load()
		if victim == nil || rate < slowestRate {
			victim, slowestRate = a, rate
		}
	}
	if victim == nil || room < n {
		return nil
	}
	delete(b.waiting, victim)
	victim.preempted = make(chan struct{})
	return victim
}
