package discovery

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Discovery finds the nodes of one application. It is safe for concurrent use, except that
// only one Watch may run at a time.
type Discovery struct {
	cfg      Config
	resolver Resolver
	log      *slog.Logger
	state    atomic.Pointer[state] // after the last poll of Watch
}

// New returns a Discovery for a valid cfg, whose zero fields get their defaults. It sends
// nothing.
func New(cfg Config, resolver Resolver, log *slog.Logger) *Discovery {
	cfg.SetDefaults()
	d := &Discovery{cfg: cfg, resolver: resolver, log: log}
	d.state.Store(new(state))
	return d
}

// Poll polls every source once, without the state of earlier polls. It takes at most a few
// timeouts, or until ctx ends.
func (d *Discovery) Poll(ctx context.Context) Report {
	p := newPoll(d.cfg, d.resolver, state{})
	p.run(ctx)
	return p.report
}
