package discovery

import (
	"context"
	"log/slog"
)

// Discovery finds the nodes of one application. It is safe for concurrent use;
// each call keeps its own account.
type Discovery struct {
	cfg      Config
	resolver Resolver
	log      *slog.Logger
}

// New returns a Discovery for a valid cfg, whose empty fields get their defaults.
// Nothing is asked before Look or Watch is called.
func New(cfg Config, resolver Resolver, log *slog.Logger) *Discovery {
	cfg.SetDefaults()
	return &Discovery{cfg: cfg, resolver: resolver, log: log}
}

// Look polls every source once, now. It takes at most a few timeouts, or until ctx
// ends.
func (d *Discovery) Look(ctx context.Context) Report {
	p := newPoll(d.cfg, d.resolver, memory{})
	p.run(ctx)
	return p.report
}
