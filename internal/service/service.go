// Package service puts the parts of one configuration together: the node, the
// applications and the gateway. It starts, reloads, drains and stops them. It knows no
// command line.
package service

import (
	"context"
	"log/slog"
	"sync"

	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// service is a running gateway, its node and its applications.
type service struct {
	log       *slog.Logger
	initial   *config.Config // of the start
	cfg       *config.Config // of the last reload
	node      *rpcclient.Node
	budget    *memory.Budget
	rateStore *ratelimit.Store // outlives reloads, and so do its counters
	gateway   *gateway.Gateway
	traces    *telemetry.Traces // nil: off
	current   generation
	counts    map[string]*counts // by path; they outlive reloads
	draining  sync.WaitGroup     // former configurations that have requests in flight
	drained   <-chan struct{}    // closed when the last former one has none; nil: there is none
}

// start starts everything except the listeners.
func start(cfg *config.Config, log *slog.Logger) (*service, error) {
	credentials, err := readCredentials(cfg)
	if err != nil {
		return nil, err
	}
	traces, err := telemetry.NewTraces(cfg.Traces, log)
	if err != nil {
		return nil, err
	}
	budget := memory.NewBudget(cfg.Limits.Memory)
	nodeConfig := cfg.Node
	nodeConfig.Memory = engine.ResultMemory{Budget: budget}
	nodeConfig.MaxReassembly = cfg.Limits.AnswersOfANode()
	node, err := rpcclient.Start(nodeConfig, log)
	if err != nil {
		return nil, err
	}
	rateStore, err := ratelimit.NewStore(cfg.Redis, log)
	if err != nil {
		node.Stop()
		return nil, err
	}
	s := &service{log: log, initial: cfg, cfg: cfg, node: node, budget: budget, rateStore: rateStore, traces: traces, counts: make(map[string]*counts)}
	if s.current, err = s.build(cfg); err != nil {
		rateStore.Close()
		node.Stop()
		return nil, err
	}
	s.gateway = gateway.New(node, fitOpenFiles(cfg.Limits, openFiles(), log), s.current.served, budget, log)
	credentials.apply(s.gateway)
	s.gateway.SetTraces(traces)
	s.gateway.SetAccessLog(cfg.Log.AccessConfig)
	s.applyDebug(cfg)
	return s, nil
}

// stop stops everything. The gateway receives no requests any more.
func (s *service) stop() {
	for _, app := range s.current.applications {
		app.stopDiscovery() // before the pools close: it adds nodes to them
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownGrace)
	defer cancel()
	for _, app := range s.current.applications {
		app.absinthe.Pool.Close(ctx)
	}
	s.node.Stop()
	s.draining.Wait()
	s.current.close()
	s.rateStore.Close()
	if err := s.traces.Close(); err != nil {
		s.log.Warn("the last traces were not exported", "reason", err)
	}
}
