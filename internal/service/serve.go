package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/louche-graphql/louche/internal/config"
)

// Run runs the gateway until ctx ends, then drains it. It goes over to every
// configuration that reloads delivers. started is called once both listeners are
// open.
func Run(ctx context.Context, cfg *config.Config, reloads <-chan *config.Config, log *slog.Logger, started func()) error {
	// The listeners come first: a second gateway that is started by mistake would take
	// the node name, and with it the nodes, of the first one.
	clients, err := listen("listen", cfg.Listen)
	if err != nil {
		return err
	}
	defer clients.Close()
	operators, err := listen("admin", cfg.Admin)
	if err != nil {
		return err
	}
	defer operators.Close()
	s, err := startService(cfg, log)
	if err != nil {
		return err
	}
	defer s.stop()
	clients, operators = s.gateway.LimitClients(clients), s.gateway.LimitOperators(operators)
	log.Info("listening", "clients", clients.Addr(), "tls", cfg.TLS.On(), "operators", operators.Addr(), "node", cfg.Node.Name)
	started()

	open, closeClients := context.WithCancel(context.Background())
	defer closeClients()
	observed, closeOperators := context.WithCancel(context.Background())
	defer closeOperators()
	g, grace := s.gateway, func() time.Duration { return s.cfg.ShutdownGrace }
	served, watched := make(chan error, 1), make(chan error, 1)
	serveClients := g.Serve
	if cfg.TLS.On() {
		serveClients = g.ServeTLS
	}
	go func() { served <- serveClients(open, clients, g.Handler(), grace) }()
	go func() { watched <- g.Serve(observed, operators, g.Admin(), grace) }()
	for {
		select {
		case cfg := <-reloads:
			s.reload(ctx, cfg)
			continue
		case <-ctx.Done():
			s.drain(served)
		case err = <-served:
			served <- err
		case err = <-watched:
			watched <- err
		}
		break
	}
	closeClients()
	err = <-served
	closeOperators() // the last, so that operators see the end
	if err = errors.Join(err, <-watched); err == nil {
		log.Info("stopped: every request is answered")
	}
	return err
}

// drain keeps taking requests for a while, in which load balancers learn from
// /readyz that no more should come. failed ends it early.
func (s *service) drain(failed chan error) {
	s.gateway.Drain()
	s.log.Info("stopping: not ready any more, requests are taken for a while, then those in flight may finish; a second signal ends it at once",
		"delay", s.cfg.ShutdownDelay, "grace", s.cfg.ShutdownGrace)
	select {
	case <-time.After(s.cfg.ShutdownDelay):
	case err := <-failed:
		failed <- err
	}
}
