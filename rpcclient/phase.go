package rpcclient

import (
	"context"
	"errors"
	"time"

	"github.com/louche-graphql/louche/rpcclient/dist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// phase is how far a node is in its life, as init:get_status/0 tells. Distribution
// is the first thing of a release to start and the last to stop: a node that can
// be connected to need not be able to answer.
type phase string

const (
	starting phase = "starting" // its applications are being started
	started  phase = "started"
	stopping phase = "stopping" // its applications are being stopped, in an orderly way
)

// Phases are asked for so often: while a node starts, and afterwards. A node that
// is asked has phaseTime to answer.
const (
	startingInterval = 100 * time.Millisecond
	startedInterval  = time.Second
	phaseTime        = 5 * time.Second
)

// askPhase asks the node for its phase.
func (c *connected) askPhase(ctx context.Context) (phase, error) {
	ctx, cancel := context.WithTimeout(ctx, phaseTime)
	defer cancel()
	answer, err := c.Call(ctx, "init", "get_status", etf.AppendNil(nil))
	if err != nil {
		return "", err
	}
	defer answer.Release()
	d := etf.NewDecoder(answer.Value) // {InternalStatus, ProvidedStatus}
	if arity, err := d.Tuple(); err != nil || arity != 2 {
		return "", errors.New("init:get_status returned " + answer.Value.String())
	}
	internal, _ := d.Atom()
	// What the boot script says: started when it has started all applications.
	provided, err := d.Atom()
	switch {
	case err != nil:
		return "", errors.New("init:get_status returned " + answer.Value.String())
	case internal == "stopping":
		return stopping, nil
	case provided == "started":
		return started, nil
	}
	return starting, nil
}

// follow keeps c.phase up to date until the connection or ctx ends, and returns
// why. What the node does not answer changes nothing. changed is called with each
// new phase.
func (c *connected) follow(ctx context.Context, changed func(phase)) error {
	for {
		now, err := c.askPhase(ctx)
		if err == nil && c.phase.Swap(now) != now {
			changed(now)
		}
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
func (c *connected) takesCalls() bool { return c.phase.Load() == started }

// failedByPhase says whether a call crashed while its node was starting or
// stopping, which may not have been noticed yet: then the fault is not the call's.
func (c *connected) failedByPhase(ctx context.Context, err error) bool {
	var crash *CallError
	if !errors.As(err, &crash) {
		return false
	}
	now, err := c.askPhase(ctx)
	if err == nil {
		c.phase.Store(now)
	}
	return err == nil && now != started || errors.As(err, new(*dist.LostError))
}
