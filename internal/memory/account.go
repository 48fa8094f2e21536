package memory

import (
	"math"
	"sync/atomic"
	"time"
)

// An Account is what one request holds of a [Budget]. Reserve and Release may be
// called by many goroutines at once, but not while the account waits.
type Account struct {
	budget *Budget
	held   atomic.Int64

	// The budget's mu guards what follows.
	rate      float64 // bytes a second that the client moved lately, at the time at
	at        time.Time
	interrupt func()        // ends the wait
	cutting   chan struct{} // made when the account is chosen to make room, closed once interrupt has returned
}

// Open makes an account that holds nothing.
func (b *Budget) Open() *Account { return &Account{budget: b} }

// Reserve is [Budget.Reserve] on behalf of the account. It fails once the account
// has been cut.
func (a *Account) Reserve(n int) bool {
	if a.cutting != nil || !a.budget.Reserve(n) {
		return false
	}
	a.held.Add(int64(n))
	return true
}

// Transfer takes n bytes that somebody else has reserved for the account, and is about
// to release.
func (a *Account) Transfer(n int) {
	if a.cutting == nil {
		a.budget.used.Add(int64(n))
		a.held.Add(int64(n))
	}
}

// Release gives back n bytes.
func (a *Account) Release(n int) {
	if a.cutting == nil {
		a.held.Add(-int64(n))
		a.budget.Release(n)
	}
}

// Close gives back everything. The account must not be used afterwards.
func (a *Account) Close() {
	a.EndWait()
	a.budget.used.Add(-a.held.Swap(0))
}

// The rate of a client is the mean of the bytes that it moved, weighted by
// exp(-age/smoothing). A client at the beginning of a wait counts as one with the
// rate credit, and none as one with more than burst.
const (
	smoothing = 500 * time.Millisecond
	credit    = 128 << 10
	burst     = 4 * credit
)

// MinRate is the rate from which on a client is not cut, in bytes a second.
const MinRate = 64 << 10

// BeginWait says that the account waits for its client until [Account.EndWait]. Meanwhile
// its bytes may be given to others if the client moves less than [MinRate]; then
// interrupt is called, once, by another goroutine, and has to end the wait.
func (a *Account) BeginWait(interrupt func()) {
	now := time.Now()
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if a.cutting == nil {
		a.rate, a.at = max(credit, a.rateAt(now)), now
		a.interrupt = interrupt
		a.budget.waiting[a] = struct{}{}
	}
}

// AddProgress says that the client has sent or taken n bytes.
func (a *Account) AddProgress(n int) {
	now := time.Now()
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	a.rate, a.at = min(burst, a.rateAt(now)+float64(n)/smoothing.Seconds()), now
}

// EndWait ends the wait. It reports whether the account still holds what it held; if
// not, interrupt has returned.
func (a *Account) EndWait() bool {
	a.budget.mu.Lock()
	delete(a.budget.waiting, a)
	cutting := a.cutting
	a.budget.mu.Unlock()
	if cutting == nil {
		return true
	}
	<-cutting
	return false
}

func (a *Account) rateAt(now time.Time) float64 {
	return a.rate * math.Exp(-float64(now.Sub(a.at))/float64(smoothing))
}

// cut interrupts an account that [Budget.slowest] has chosen.
func (a *Account) cut() {
	a.budget.cuts.Add(1)
	a.budget.used.Add(-a.held.Swap(0))
	a.interrupt()
	close(a.cutting)
}
