package rpcclient

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// phase is how far a node is in its life, as init:get_status/0 tells. Distribution
// is the first thing of a release to start and the last to stop: a node that can
// be connected to need not be able to answer.
type phase int32

// The phases, in their order; before the node has told, it is none of them.
const (
	starting phase = iota + 1 // its applications are being started
	started
	stopping // its applications are being stopped, in an orderly way
)

// Phases are asked for so often: while a node starts, and afterwards. A node that
// is asked has phaseTime to answer.
const (
	startingInterval = 100 * time.Millisecond
	startedInterval  = time.Second
	phaseTime        = 5 * time.Second
)

// progress is the phase that a node is known to be in.
type progress struct {
	phase   atomic.Int32
	changed func(phase) // called with each new phase

	startedAt atomic.Pointer[time.Time] // when it was first known to have started
}

func (p *progress) load() phase { return phase(p.phase.Load()) }

// began is when the node began to get calls. Until a moment after that it is the
// zero time.
func (p *progress) startTime() (at time.Time) {
	if known := p.startedAt.Load(); known != nil {
		at = *known
	}
	return at
}

// advance notes what the node has told, unless it has told of a later phase since.
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

// askPhase asks the node for its phase, and notes it.
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
	if arity, err := d.Tuple(); err != nil || arity != 2 {
		return 0, errors.New("init:get_status returned " + status.String())
	}
	internal, _ := d.Atom()
	// What the boot script says: started when it has started all applications.
	provided, err := d.Atom()
	switch {
	case err != nil:
		return 0, errors.New("init:get_status returned " + status.String())
	case internal == "stopping":
		return stopping, nil
	case provided == "started":
		return started, nil
	}
	return starting, nil
}

// follow asks for the phase until the connection or ctx ends, and returns why. What
// the node does not answer changes nothing.
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

// takesCalls says whether the node has started and does not stop.
func (c *liveConn) takesCalls() bool { return c.progress.load() == started }

// failedByPhase says whether a call crashed while its node was starting or
// stopping, which may not have been noticed yet: then the fault is not the call's.
func (c *liveConn) failedByPhase(ctx context.Context, err error) bool {
	var crash *CallError
	if !errors.As(err, &crash) {
		return false
	}
	now, err := c.fetchPhase(ctx)
	return err == nil && now != started || errors.As(err, new(*erldist.LostError))
}
