package memory

import (
	"math"
	"sync/atomic"
	"time"
)

// An Account is the share of one request in a [Budget]. Reserve and Release are safe for
// concurrent use, but not between BeginWait and EndWait.
type Account struct {
	budget *Budget
	held   atomic.Int64

	// The budget's mu guards the following fields.
	rate      float64 // of the client at time at, in bytes a second
	at        time.Time
	interrupt func()        // ends the wait
	preempted chan struct{} // not nil: preempted; closed after interrupt has returned
}

// Open returns an empty account.
func (b *Budget) Open() *Account { return &Account{budget: b} }

// Open returns an empty account in the same budget.
func (a *Account) Open() *Account { return a.budget.Open() }

// Reserve is [Budget.Reserve] for the account. It fails after preemption.
func (a *Account) Reserve(n int) bool {
	if a.preempted != nil || !a.budget.Reserve(n) {
		return false
	}
	a.held.Add(int64(n))
	return true
}

// Transfer reserves n bytes without a check: the caller has reserved them elsewhere for the
// account, and releases them next.
func (a *Account) Transfer(n int) {
	if a.preempted == nil {
		a.budget.used.Add(int64(n))
		a.held.Add(int64(n))
	}
}

// Release returns n bytes to the budget.
func (a *Account) Release(n int) {
	if a.preempted == nil {
		a.held.Add(-int64(n))
		a.budget.Release(n)
	}
}

// Close returns all bytes to the budget. The account must not be used afterwards.
func (a *Account) Close() {
	a.EndWait()
	a.budget.used.Add(-a.held.Swap(0))
}

// The rate of a client is the exponentially weighted mean, with weight exp(-age/rateWindow).
// A wait starts with at least initialRate. maxRate caps the rate.
const (
	rateWindow  = 500 * time.Millisecond
	initialRate = 128 << 10
	maxRate     = 4 * initialRate
)

// MinRate protects a client from preemption, in bytes a second.
const MinRate = 64 << 10

// BeginWait begins a wait of the request for its client, up to [Account.EndWait]. If the
// client is slower than [MinRate], the budget may preempt the account: it takes the
// account's bytes, and another goroutine calls interrupt, which has to end the wait.
func (a *Account) BeginWait(interrupt func()) {
	now := time.Now()
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if a.preempted == nil {
		a.rate, a.at = max(initialRate, a.rateAt(now)), now
		a.interrupt = interrupt
		a.budget.waiting[a] = struct{}{}
	}
}

// AddProgress adds n bytes that the client has sent or received.
func (a *Account) AddProgress(n int) {
	now := time.Now()
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	a.rate, a.at = min(maxRate, a.rateAt(now)+float64(n)/rateWindow.Seconds()), now
}

// EndWait ends the wait. It reports false if the account was preempted; interrupt has
// returned then.
func (a *Account) EndWait() bool {
	a.budget.mu.Lock()
	delete(a.budget.waiting, a)
	preempted := a.preempted
	a.budget.mu.Unlock()
	if preempted == nil {
		return true
	}
	<-preempted
	return false
}

func (a *Account) rateAt(now time.Time) float64 {
	return a.rate * math.Exp(-float64(now.Sub(a.at))/float64(rateWindow))
}

// preempt takes the bytes of an account that [Budget.slowest] has chosen.
func (a *Account) preempt() {
	a.budget.preemptions.Add(1)
	a.budget.used.Add(-a.held.Swap(0))
	a.interrupt()
	close(a.preempted)
}
