package service

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/logging"
)

// reload switches to another configuration. Requests in flight keep the configuration that
// they began with; reload closes its parts after the last of them. Connections to nodes
// of both configurations stay open.
func (s *service) reload(ctx context.Context, cfg *config.Config) {
	if keys := s.initial.RestartKeys(cfg); len(keys) > 0 {
		s.log.Warn("configuration: these keys take effect after a restart only", "keys", keys)
	}
	credentials, err := readCredentials(cfg)
	var next generation
	if err == nil {
		next, err = s.build(cfg)
	}
	if err != nil {
		s.log.Error("configuration refused, the former one stays", "reason", err)
		return
	}
	awaitNodes(ctx, next.applications)
	former := s.current
	removed := slices.DeleteFunc(slices.Clone(former.applications), func(app *application) bool { return slices.Contains(next.applications, app) })
	credentials.apply(s.gateway)
	s.applyLog(&cfg.Log)
	s.applyDebug(cfg)
	limits := cfg.Limits
	limits.Answer = s.initial.Limits.Answer // takes effect after a restart only
	finished := s.gateway.Reconfigure(limits, next.served)
	previous, drained := s.drained, make(chan struct{})
	s.drained = drained
	s.current, s.cfg = next, cfg
	s.log.Info("configuration reloaded", "applications", len(next.applications))
	s.draining.Go(func() {
		defer close(drained)
		next.reauthenticate()
		for _, app := range removed {
			app.stopDiscovery()
		}
		if previous != nil { // requests of older configurations may use these applications, too
			<-previous
		}
		<-finished
		next.reauthenticate() // subscriptions of requests that the former keys authenticated
		former.close()
		leaveAll(removed, cfg.ShutdownGrace)
		for _, app := range removed {
			app.absinthe.Pool.Close(context.Background())
		}
	})
}

// applyLog applies a section log. The level that an operator has set stays if the section has
// the same one as before.
func (s *service) applyLog(next *config.Log) {
	if next.Level != s.cfg.Log.Level {
		logging.SetLevel(s.log, next.SlogLevel())
	}
	s.gateway.SetAccessLog(next.AccessConfig)
}

// firstPoll bounds the wait of a reload for the nodes of new applications.
const firstPoll = 10 * time.Second

// awaitNodes waits until discovery has polled once for every application: a pool without
// nodes would refuse requests that the former pool can answer.
func awaitNodes(ctx context.Context, apps []*application) {
	ctx, cancel := context.WithTimeout(ctx, firstPoll)
	defer cancel()
	for _, app := range apps {
		select {
		case <-app.polled:
		case <-ctx.Done():
		}
	}
}

// reauthenticate ends subscriptions whose credentials the files of this configuration no
// longer accept.
func (g *generation) reauthenticate() {
	ctx, cancel := context.WithTimeout(context.Background(), reauthentication)
	defer cancel()
	for i, app := range g.applications {
		app.subscriptions.Reauthenticate(ctx, g.served[i].Authenticator)
	}
}

// reauthentication bounds the time for issuers whose keys have to be fetched first.
const reauthentication = time.Minute

// leaveAll asks the subscribers of applications to subscribe again, spread over a time, and
// waits until all have left.
func leaveAll(apps []*application, over time.Duration) {
	var leaving sync.WaitGroup
	for _, app := range apps {
		leaving.Go(func() { app.subscriptions.Leave(over) })
	}
	leaving.Wait()
}
