package parallelism

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/waittest"
)

// burn uses busy of every 10 ms of n goroutines, each of which is a request, until the test
// ends or stop is called.
func burn(t *testing.T, n int, busy time.Duration) (stop func()) {
	var stopped atomic.Bool
	for range n {
		go func() {
			for !stopped.Load() {
				Wake()
				for began := time.Now(); time.Since(began) < busy; {
				}
				time.Sleep(10*time.Millisecond - busy)
			}
		}()
	}
	stop = func() { stopped.Store(true) }
	t.Cleanup(stop)
	return stop
}

func TestGovern(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	runtime.SetDefaultGOMAXPROCS() // Govern returns to it, whatever -cpu says
	all := runtime.GOMAXPROCS(0)
	if all == 1 {
		t.Skip("the machine has one processor")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		Govern(ctx)
		close(ended)
	}()
	await := func(when string, want int) {
		t.Helper()
		took := waittest.Until(t, fmt.Sprintf("%d Ps %s", want, when), func() bool { return runtime.GOMAXPROCS(0) == want })
		t.Logf("%d Ps %s after %v", want, when, took)
		if Max() != all {
			t.Errorf("%s: at most %d Ps, the machine has %d", when, Max(), all)
		}
	}
	await("at first", all)
	stopLow := burn(t, 1, time.Millisecond)
	await("at low load", 1)
	stopHigh := burn(t, 4*all, 10*time.Millisecond)
	await("at high load", all)
	stopHigh()
	await("at low load again", 1)
	stopLow()
	await("without load", all)
	burn(t, 1, time.Millisecond)
	await("after the pause", 1)
	cancel()
	waittest.Receive(t, "end of Govern", ended)
	await("after the end", all)
}

func TestGovernRespectsTheUser(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	Govern(t.Context()) // returns
	if Max() != runtime.GOMAXPROCS(0) {
		t.Errorf("at most %d Ps", Max())
	}
}
