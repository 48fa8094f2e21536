package rpcclient

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// phase is a stage in the life of a node, from init:get_status/0. A release starts
// distribution first and stops it last, so a connected node may be unable to run
// calls.
type phase int32

// The phases in their order. 0: unknown yet.
const (
	starting phase = iota + 1 // its applications are starting
	started
	stopping // its applications are stopping
)

// The intervals at which the phase is polled, during the start and after it, and the
// timeout of one poll.
const (
	startingInterval = 100 * time.Millisecond
	startedInterval  = time.Second
	phaseTime        = 5 * time.Second
)

// progress is the latest known phase of a node.
type progress struct {
	phase   atomic.Int32
	changed func(phase) // called with each new phase

	startedAt atomic.Pointer[time.Time] // when the phase was first known to be started
}

func (p *progress) load() phase { return phase(p.phase.Load()) }

// startTime is when the node began to take calls, or the zero time until shortly after
// that.
func (p *progress) startTime() (at time.Time) {
	if known := p.startedAt.Load(); known != nil {
		at = *known
	}
	return at
}

// advance moves to a later phase. An earlier one changes nothing.
func (p *progress) advance(now phase) {
	for {
		before := p.phase.Load()
		if int32(now) <= before {
			return
		}
		if p.phase.CompareAndSwap(before, int32(now)) {
			if now == started {
				p.startedAt.Store(new(time.Now()))
			}
			p.changed(now)
			return
		}
	}
}

// fetchPhase asks the node for its phase and records it.
func (c *liveConn) fetchPhase(ctx context.Context) (phase, error) {
	ctx, cancel := context.WithTimeout(ctx, phaseTime)
	defer cancel()
	result, err := c.Call(ctx, "init", "get_status", etf.AppendNil(nil))
	if err != nil {
		return 0, err
	}
	defer result.Release()
	now, err := readPhase(result.Value)
	if err == nil {
		c.progress.advance(now)
	}
	return now, err
}

// readPhase reads {InternalStatus, ProvidedStatus}.
func readPhase(status etf.Term) (phase, error) {
	d := etf.NewDecoder(status)
	arity, err1 := d.Tuple()
	internal, _ := d.Atom()
	// The boot script sets started once all applications have started.
	provided, err2 := d.Atom()
	switch {
	case err1 != nil || err2 != nil || arity != 2:
		return 0, errors.New("init:get_status returned " + status.String())
	case internal == "stopping":
		return stopping, nil
	case provided == "started":
		return started, nil
	}
	return starting, nil
}

// pollPhase polls the phase until the connection or ctx ends, and returns the reason.
// A failed poll changes nothing.
func (c *liveConn) pollPhase(ctx context.Context) error {
	for {
		now, _ := c.fetchPhase(ctx)
		interval := startedInterval
		if now == starting {
			interval = startingInterval
		}
		select {
		case <-time.After(interval):
		case <-c.Done():
			return c.Err()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// takesCalls reports whether the node has started and is not stopping.
func (c *liveConn) takesCalls() bool { return c.progress.load() == started }

// failedByPhase reports whether a call crashed on a node that was starting or
// stopping, even unnoticed. Then the call is not at fault.
func (c *liveConn) failedByPhase(ctx context.Context, err error) bool {
	if _, crashed := errors.AsType[*CallError](err); !crashed {
		return false
	}
	now, err := c.fetchPhase(ctx)
	return err == nil && now != started || IsLost(err)
}

// IsLost reports whether a call failed because its connection was lost.
func IsLost(err error) bool {
	_, lost := errors.AsType[*erldist.LostError](err)
	return lost
}
