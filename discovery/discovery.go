package discovery

import (
	"context"
	"log/slog"
	"sync"
)

// Discovery finds the nodes of one application. It is safe for concurrent use, but
// for Watch, which runs once at a time.
type Discovery struct {
	cfg      Config
	resolver Resolver
	log      *slog.Logger

	mu     sync.Mutex
	memory memory // of Watch
}

// New returns a Discovery for a valid cfg, whose empty fields get their defaults.
// Nothing is asked before Poll or Watch is called.
func New(cfg Config, resolver Resolver, log *slog.Logger) *Discovery {
	cfg.SetDefaults()
	return &Discovery{cfg: cfg, resolver: resolver, log: log}
}

// Poll polls every source once, now, and knows nothing of earlier polls. It takes
// at most a few timeouts, or until ctx ends.
func (d *Discovery) Poll(ctx context.Context) Report {
	p := newPoll(d.cfg, d.resolver, memory{})
	p.run(ctx)
	return p.report
}
