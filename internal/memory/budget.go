// Package memory bounds the bytes that requests and answers hold together.
//
// Bytes are reserved before they are allocated. A reservation never waits: it
// succeeds, or it fails at once. Where the budget is exhausted, the requests make
// room that wait for their own clients, the slowest first.
package memory

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Budget is a number of bytes. It may be used by any number of goroutines.
type Budget struct {
	limit int64
	used  atomic.Int64
	cuts  atomic.Uint64

	mu      sync.Mutex
	waiting map[*Account]struct{} // for their clients
}

// NewBudget makes a budget of limit bytes.
func NewBudget(limit int64) *Budget {
	return &Budget{limit: limit, waiting: make(map[*Account]struct{})}
}

// Limit is how many bytes may be reserved at once.
func (b *Budget) Limit() int64 { return b.limit }

// Used is how many bytes are reserved.
func (b *Budget) Used() int64 { return b.used.Load() }

// Preemptions is how many accounts have been interrupted to make room.
func (b *Budget) Preemptions() uint64 { return b.cuts.Load() }

// LargeReservation is from how many bytes on a reservation is a large one. Large ones leave a
// quarter of the budget to small ones, which are most.
const LargeReservation = 256 << 10

// Reserve takes n bytes and reports whether there was room for them.
func (b *Budget) Reserve(n int) bool {
	limit := b.limit
	if n >= LargeReservation {
		limit -= limit / 4
	}
	return b.take(int64(n), limit) || b.makeRoom(int64(n), limit)
}

// Release gives back n bytes.
func (b *Budget) Release(n int) { b.used.Add(-int64(n)) }

func (b *Budget) take(n, limit int64) bool {
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

// makeRoom interrupts the slowest of the accounts that wait for their clients, one
// after the other, until there is room for n bytes. It interrupts none if all of
// them would not be enough.
func (b *Budget) makeRoom(n, limit int64) bool {
	for {
		victim := b.slowest(n, limit)
		if victim == nil {
			return false
		}
		victim.cut()
		if b.take(n, limit) {
			return true
		}
	}
}

// slowest removes the slowest account from those that wait and returns it; nil if
// there is none, or not enough to make room for n bytes.
func (b *Budget) slowest(n, limit int64) (victim *Account) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	var least float64
	room := limit - b.used.Load()
	for a := range b.waiting {
		rate := a.rateAt(now)
		if rate >= MinRate {
			continue
		}
		room += a.held.Load()
		if victim == nil || rate < least {
			victim, least = a, rate
		}
	}
	if victim == nil || room < n {
		return nil
	}
	delete(b.waiting, victim)
	victim.cutting = make(chan struct{})
	return victim
}
