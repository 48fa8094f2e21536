package memory

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// waiting opens an account that holds n bytes and waits. cut is closed when it is
// interrupted.
func waiting(t *testing.T, b *Budget, n int) (a *Account, cut chan struct{}) {
	t.Helper()
	a, cut = b.Open(), make(chan struct{})
	if !a.Reserve(n) {
		t.Fatalf("no room for %d bytes beside %d", n, b.Used())
	}
	a.BeginWait(func() { close(cut) })
	return a, cut
}

func isCut(cut chan struct{}) bool {
	select {
	case <-cut:
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
		t.Errorf("%d bytes are reserved after 50 were given back", b.Used())
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

// A wait that has just begun is not cut.
func TestWaitThatHasJustBegun(t *testing.T) {
	b := NewBudget(100)
	a, cut := waiting(t, b, 100)
	if b.Reserve(1) || isCut(cut) || !a.EndWait() {
		t.Error("the client has had no time")
	}
}

// The client that is slowest now makes room, however fast it was before.
func TestSlowestMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(300)
		stalled, stalledCut := waiting(t, b, 100)
		trickling, tricklingCut := waiting(t, b, 100)
		steady, steadyCut := waiting(t, b, 100)
		stalled.AddProgress(1 << 20)
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			trickling.AddProgress(10)
			steady.AddProgress(10_000)
		}
		if !b.Reserve(50) || !isCut(stalledCut) || isCut(tricklingCut) || isCut(steadyCut) {
			t.Error("the client that has stalled does not make room")
		}
		if !b.Reserve(100) || !isCut(tricklingCut) || isCut(steadyCut) {
			t.Error("the client that trickles does not make room")
		}
		if b.Used() != 250 {
			t.Errorf("%d bytes are reserved, want 250", b.Used())
		}
		if stalled.EndWait() || stalled.Reserve(1) || !steady.EndWait() {
			t.Error("an account does not know whether it was cut")
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

// An answer whose client keeps taking it is not given up for another.
func TestFastEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(100)
		a, cut := waiting(t, b, 100)
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			a.AddProgress(10_000)
			if b.Reserve(1) {
				t.Fatal("a client that takes 100 kB a second was cut")
			}
		}
		time.Sleep(2 * time.Second)
		if !b.Reserve(1) || !isCut(cut) {
			t.Error("a client that takes nothing any more was not cut")
		}
	})
}

// No request is cut where that does not make enough room.
func TestCutInVain(t *testing.T) {
	synctest.Test(t, testCutInVain)
}

func testCutInVain(t *testing.T) {
	b := NewBudget(100)
	if !b.Reserve(50) {
		t.Fatal("no room")
	}
	a, cut := waiting(t, b, 30)
	time.Sleep(time.Second)
	if b.Reserve(51) || isCut(cut) || !a.EndWait() {
		t.Error("a request was cut in vain")
	}
	if b.Reserve(21) {
		t.Error("a request that does not wait made room")
	}
}

// Whatever happens at once, no more than the limit is reserved, and nothing is lost.
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
					if !a.EndWait() && !isCut(interrupted) {
						t.Error("the account was cut, and its wait not interrupted")
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
