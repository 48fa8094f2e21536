package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/rpcclient"
)

type serveCommand struct {
	configFlags
}

func (s *serveCommand) Run(ctx context.Context) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	return serve(ctx, cfg, cfg.Log.logger(), func() {})
}

// serve runs the gateway until ctx ends, then drains it. started is called once
// both listeners are open.
func serve(ctx context.Context, cfg *config, log *slog.Logger, started func()) error {
	node, err := rpcclient.Start(cfg.Node, log)
	if err != nil {
		return err
	}
	defer node.Stop()

	looking, stopLooking := context.WithCancel(context.Background())
	var watches sync.WaitGroup
	var apps []*gateway.App
	defer func() {
		stopLooking() // so that no node is added any more
		watches.Wait()
		last, cancel := context.WithTimeout(context.Background(), cfg.ShutdownGrace)
		defer cancel()
		for _, app := range apps {
			app.Absinthe.Pool.Close(last)
		}
	}()
	for i := range cfg.Apps {
		app := &cfg.Apps[i]
		pool := rpcclient.NewPool(node, app.PoolConfig, log)
		requests, err := auth.New(app.Context, cfg.TrustedProxies)
		if err != nil {
			return err
		}
		d := discovery.New(app.Discovery, net.DefaultResolver, log)
		watches.Go(func() {
			d.Watch(looking, func(c discovery.Change) { pool.Update(targets(c.Up), targets(c.Down)) })
		})
		apps = append(apps, &gateway.App{
			Config:   app.AppConfig,
			Context:  requests,
			Absinthe: &rpcclient.Absinthe{Pool: pool, Config: app.AbsintheConfig},
		})
	}
	return listen(ctx, cfg, gateway.New(cfg.Limits, apps, log), log, started)
}

// listen serves clients and operators until ctx ends or a listener fails.
func listen(ctx context.Context, cfg *config, g *gateway.Gateway, log *slog.Logger, started func()) error {
	clients, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer clients.Close()
	operators, err := net.Listen("tcp", cfg.Admin)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	defer operators.Close()
	log.Info("listening", "clients", clients.Addr(), "operators", operators.Addr(), "node", cfg.Node.Name)
	started()

	defer context.AfterFunc(ctx, func() { log.Info("stopping: no new requests, those in flight may finish", "within", cfg.ShutdownGrace) })()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	go func() { errs <- g.Serve(ctx, clients, g.Handler(), cfg.ShutdownGrace) }()
	go func() { errs <- g.Serve(ctx, operators, g.Admin(), cfg.ShutdownGrace) }()
	first := <-errs
	cancel()
	return errors.Join(first, <-errs)
}

func targets(found []discovery.Target) []rpcclient.Target {
	list := make([]rpcclient.Target, len(found))
	for i, t := range found {
		list[i] = rpcclient.Target(t)
	}
	return list
}
