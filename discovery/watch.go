package discovery

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Watch polls until ctx ends, at once and then every Interval ±10 %, and calls deliver with
// the report of each poll, one at a time. The nodes of a silent source stay for Keep.
//
// It logs the beginning and the end of each problem, and the end of Keep.
func (d *Discovery) Watch(ctx context.Context, deliver func(Report)) {
	for {
		p := newPoll(d.cfg, d.resolver, *d.state.Load())
		p.run(ctx)
		if ctx.Err() != nil {
			return // the end of ctx may have failed this poll
		}
		d.state.Store(new(p.next))
		d.logProblems(ctx, p.last.problems, p.next.problems)
		deliver(p.report)

		select {
		case <-ctx.Done():
			return
		case <-time.After(jittered(d.cfg.Interval)):
		}
	}
}

// jittered varies interval by ±10 %.
func jittered(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * (0.9 + 0.2*rand.Float64())) // #nosec G404 -- no secret
}

// logProblems logs new problems, ended problems, and sources whose nodes are dropped after
// Keep.
func (d *Discovery) logProblems(ctx context.Context, before, now map[string]Problem) {
	for _, source := range slices.Sorted(maps.Keys(now)) {
		p := now[source]
		was, lasts := before[source]
		if !lasts || was.kind() != p.kind() {
			d.log.WarnContext(ctx, "discovery: problem", append([]any{"source", source, "error", p.Err}, d.keptAttrs(p)...)...)
		}
		if was.Kept > 0 && p.Kept == 0 && silent(p.Err) {
			d.log.WarnContext(ctx, "discovery: the silent source's nodes are dropped after keep", "source", source)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(before)) {
		was := before[source]
		if p, lasts := now[source]; !lasts || was.kind() != p.kind() {
			d.log.InfoContext(ctx, "discovery: problem is over", "source", source, "problem", was.kind())
		}
	}
}

// keptAttrs returns log attributes: what is kept of a silent source, and for how long.
func (d *Discovery) keptAttrs(p Problem) []any {
	switch {
	case p.Kept == 0:
		return nil
	case p.kind() != ErrLookup:
		return []any{"keeping_nodes", p.Kept, "for_up_to", d.cfg.Keep.String()}
	case d.cfg.Port != 0: // each address is a node
		return []any{"keeping_addresses", p.Kept, "for_up_to", d.cfg.Keep.String()}
	}
	return []any{"keeping_addresses", p.Kept}
}
