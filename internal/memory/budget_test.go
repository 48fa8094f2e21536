package memory

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// waiting opens an account that holds n bytes and waits. Preemption closes interrupted.
func waiting(t *testing.T, b *Budget, n int) (a *Account, interrupted chan struct{}) {
	t.Helper()
	a, interrupted = b.Open(), make(chan struct{})
	if !a.Reserve(n) {
		t.Fatalf("no room for %d bytes beside %d", n, b.Used())
	}
	a.BeginWait(func() { close(interrupted) })
	return a, interrupted
}

func isPreempted(interrupted chan struct{}) bool {
	select {
	case <-interrupted:
		return true
	default:
		return false
	}
}

func TestReserve(t *testing.T) {
	b := NewBudget(100)
	a := b.Open()
	if !a.Reserve(60) || !b.Reserve(40) || a.Reserve(1) || b.Reserve(1) {
		t.Errorf("%d of 100 bytes are reserved", b.Used())
	}
	a.Release(10)
	if !b.Reserve(10) || b.Used() != 100 {
		t.Errorf("%d of 100 bytes are reserved", b.Used())
	}
	a.Close()
	if b.Used() != 50 {
		t.Errorf("%d bytes are reserved after 50 were returned", b.Used())
	}
}

// Small reservations find room beside large ones.
func TestLargeReservationsLeaveRoom(t *testing.T) {
	b := NewBudget(4 * LargeReservation)
	if !b.Reserve(3*LargeReservation) || b.Reserve(LargeReservation) {
		t.Errorf("large reservations take %d of %d bytes", b.Used(), b.limit)
	}
	for range 8 {
		if !b.Reserve(LargeReservation / 8) {
			t.Fatalf("no room for a small reservation beside %d bytes of %d", b.Used(), b.limit)
		}
	}
}

// A new wait is not preempted.
func TestNewWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		a, interrupted := waiting(t, b, 100)
		if b.Reserve(1) || isPreempted(interrupted) || !a.EndWait() {
			t.Error("a new wait is preempted")
		}
	})
}

// The client that is slowest now is preempted, however fast it was before.
func TestSlowestMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(300)
		stalled, stalledInterrupted := waiting(t, b, 100)
		trickling, tricklingInterrupted := waiting(t, b, 100)
		steady, steadyInterrupted := waiting(t, b, 100)
		stalled.AddProgress(1 << 20)
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			trickling.AddProgress(10)
			steady.AddProgress(10_000)
		}
		if !b.Reserve(50) || !isPreempted(stalledInterrupted) || isPreempted(tricklingInterrupted) || isPreempted(steadyInterrupted) {
			t.Error("the stalled client is not preempted")
		}
		if !b.Reserve(100) || !isPreempted(tricklingInterrupted) || isPreempted(steadyInterrupted) {
			t.Error("the trickling client is not preempted")
		}
		if b.Used() != 250 {
			t.Errorf("%d bytes are reserved, want 250", b.Used())
		}
		if stalled.EndWait() || stalled.Reserve(1) || !steady.EndWait() {
			t.Error("EndWait does not report preemption")
		}
		for _, a := range []*Account{stalled, trickling, steady} {
			a.Release(1)
			a.Close()
		}
		if b.Used() != 150 {
			t.Errorf("%d bytes are reserved after all accounts were closed, want 150", b.Used())
		}
	})
}

// A client that keeps reading is not preempted.
func TestFastEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		a, interrupted := waiting(t, b, 100)
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			a.AddProgress(10_000)
			if b.Reserve(1) {
				t.Fatal("a client that reads 100 kB a second was preempted")
			}
		}
		time.Sleep(2 * time.Second)
		if !b.Reserve(1) || !isPreempted(interrupted) {
			t.Error("a client that stopped reading was not preempted")
		}
	})
}

// No account is preempted if that does not make enough room.
func TestPreemptionInVain(t *testing.T) {
	synctest.Test(t, testPreemptionInVain)
}

func testPreemptionInVain(t *testing.T) {
	b := NewBudget(100)
	if !b.Reserve(50) {
		t.Fatal("no room")
	}
	a, interrupted := waiting(t, b, 30)
	time.Sleep(time.Second)
	if b.Reserve(51) || isPreempted(interrupted) || !a.EndWait() {
		t.Error("an account was preempted in vain")
	}
	if b.Reserve(21) {
		t.Error("an account that does not wait was preempted")
	}
}

// Concurrent accounts never exceed the limit, and no bytes leak.
func TestConcurrently(t *testing.T) {
	const limit = 1000
	b := NewBudget(limit)
	var clients sync.WaitGroup
	for seed := range uint64(16) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, 0))
			for range 500 {
				a := b.Open()
				for range random.IntN(4) {
					if !a.Reserve(random.IntN(300)) {
						break
					}
					interrupted := make(chan struct{})
					a.BeginWait(func() { close(interrupted) })
					a.AddProgress(random.IntN(100))
					if !a.EndWait() && !isPreempted(interrupted) {
						t.Error("the account was preempted without an interrupt")
					}
				}
				if used := b.Used(); used > limit {
					t.Errorf("%d bytes are reserved of %d", used, limit)
				}
				a.Close()
			}
		})
	}
	clients.Wait()
	if b.Used() != 0 {
		t.Errorf("%d bytes are left over", b.Used())
	}
}
