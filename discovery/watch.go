package discovery

import (
	"context"
	"math/rand/v2"
	"time"
)

// Change is how one poll differs from the one before. Both lists are sorted by
// name. A node that now listens elsewhere is in both: its former target is down,
// its present one up.
type Change struct {
	Up   []Target // newly found
	Down []Target // no longer listed, which does not say that they stopped
}

// Watch polls until ctx ends, at once and then every Interval, ±10 %, and calls
// deliver with each change, one at a time; the first change brings up all that the
// first poll found. A source that fails keeps the nodes it named before: they go
// down when it answers without them, or when DNS no longer gives its address.
//
// A problem is logged when it appears and when it is over.
func (d *Discovery) Watch(ctx context.Context, deliver func(Change)) {
	var last memory
	var known []Target
	var problems map[problemKey]bool
	for {
		p := newPoll(d.cfg, d.resolver, last)
		p.run(ctx)
		if ctx.Err() != nil {
			return // what failed in this poll may have failed by the end of ctx alone
		}
		last = p.next
		problems = d.logProblems(ctx, problems, p.report.Problems)
		if change := difference(known, p.report.Targets); len(change.Up) > 0 || len(change.Down) > 0 {
			deliver(change)
		}
		known = p.report.Targets

		select {
		case <-ctx.Done():
			return
		case <-time.After(jittered(d.cfg.Interval)):
		}
	}
}

// jittered varies interval by up to a tenth, either way.
func jittered(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * (0.9 + 0.2*rand.Float64()))
}

// difference compares two lists of targets, each sorted by name.
func difference(before, after []Target) Change {
	return Change{Up: without(after, before), Down: without(before, after)}
}

// without returns those of targets that others lacks.
func without(targets, others []Target) []Target {
	listed := make(map[Target]bool, len(others))
	for _, t := range others {
		listed[t] = true
	}
	var rest []Target
	for _, t := range targets {
		if !listed[t] {
			rest = append(rest, t)
		}
	}
	return rest
}

// problemKey tells whether a problem is the one of the poll before.
type problemKey struct {
	source string
	kind   error
}

// logProblems logs which of now were not there before, and which of before are
// over, and returns those of now.
func (d *Discovery) logProblems(ctx context.Context, before map[problemKey]bool, now []Problem) map[problemKey]bool {
	current := make(map[problemKey]bool, len(now))
	for _, p := range now {
		key := problemKey{p.Source, p.kind()}
		if !before[key] {
			d.log.WarnContext(ctx, "discovery: problem", "source", p.Source, "error", p.Err)
		}
		current[key] = true
	}
	for key := range before {
		if !current[key] {
			d.log.InfoContext(ctx, "discovery: problem is over", "source", key.source, "problem", key.kind)
		}
	}
	return current
}
