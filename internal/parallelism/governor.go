// Package parallelism fits GOMAXPROCS to the load: as few of Go's processors (Ps) as are kept
// busy, and all of them when they are not enough.
//
// An idle P costs: each goroutine that becomes ready wakes another thread to look for work,
// and on a virtual machine a thread switch costs 20 to 40 µs, as much as a small operation.
// Under a load that one P can serve, one P needs half the CPU time of two.
//
// The package must never exceed Go's own default, which follows the machine, the affinity mask
// and the CPU limit of the cgroup; never change a GOMAXPROCS of the user's; and never run
// while there is no load. GOMAXPROCS belongs to the process, and so does the state of this
// package: a program calls [Govern], and a library must not.
package parallelism

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// interval is the time between two samples of the load.
	interval = 10 * time.Millisecond
	// idleTime is the time without a request after which there is no load.
	idleTime = time.Second
	// refresh is the time after which Go's default is read again. Go itself follows its changes
	// only while all Ps are in use.
	refresh = 10 * time.Second
)

var (
	wake    = make(chan struct{}, 1) // holds a value after a request
	highest atomic.Int32             // Go's default when it was last read; 0: it is in use
)

// Govern fits GOMAXPROCS to the load until ctx ends. It returns at once if the environment
// variable GOMAXPROCS has a number, or if the system does not tell the CPU time of the process.
// A process must call it only once.
func Govern(ctx context.Context) {
	if n, err := strconv.Atoi(os.Getenv("GOMAXPROCS")); err == nil && n > 0 {
		return
	}
	if _, err := cpuTime(); err != nil {
		return
	}
	for {
		select {
		case <-wake:
			follow(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Wake tells of a request. It takes a few nanoseconds.
func Wake() {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Max returns the number of Ps that the machine and its limits allow, or that the user has set.
func Max() int {
	if n := highest.Load(); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}

// follow fits GOMAXPROCS until there is no load. Then Go's default applies again.
func follow(ctx context.Context) {
	defer func() {
		runtime.SetDefaultGOMAXPROCS()
		highest.Store(0)
	}()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	policy, meter := newPolicy(setAll()), newMeter()
	for requested, known := time.Now(), time.Now(); time.Since(requested) < idleTime; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-wake:
			requested = time.Now()
		default:
		}
		before := policy.procs
		policy.add(meter.read())
		if policy.procs > before || time.Since(known) > refresh {
			policy.setMax(setAll())
			known = time.Now()
			before = policy.max
		}
		if policy.procs < before {
			runtime.GOMAXPROCS(policy.procs)
		}
	}
}

// setAll makes all Ps available, and returns their number.
func setAll() int {
	runtime.SetDefaultGOMAXPROCS()
	n := runtime.GOMAXPROCS(0)
	highest.Store(int32(n)) // #nosec G115 -- a number of processors
	return n
}
