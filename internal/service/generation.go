package service

import (
	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/keypath"
)

// A generation has the applications of one configuration, and what its requests are served
// with.
type generation struct {
	applications []*application
	served       []*gateway.App // of the same indexes
}

// build returns the generation of a configuration. It reuses an application whose section has
// not changed, and reads the files that sections name in any case.
func (s *service) build(cfg *config.Config) (next generation, err error) {
	defer func() {
		if err != nil {
			next.close()
		}
	}()
	for i := range cfg.Apps {
		served, err := s.readFiles(&cfg.Apps[i])
		if err != nil {
			return next, keypath.In(err, "apps", i)
		}
		served.Config, served.Proxies = cfg.Apps[i].AppConfig, cfg.TrustedProxies
		next.served = append(next.served, served)
	}
	for i, served := range next.served {
		former, _ := s.current.find(cfg.Apps[i].Path)
		app, err := s.newApplication(cfg.Apps[i], cfg.TrustedProxies, former)
		if err != nil {
			return next, keypath.In(err, "apps", i)
		}
		served.PlugRequest = app.plugRequest
		served.Context, served.Limiter, served.Absinthe, served.Contract = app.context, app.limiter, app.absinthe, app.contract
		served.Sharing, served.Subscriptions, served.Reservations = app.sharing, app.subscriptions, app.reservations
		served.Discovery = func() gateway.DiscoveryStatus { return *app.found.Load() }
		next.applications = append(next.applications, app)
	}
	for _, app := range next.applications {
		if app.stopDiscovery == nil {
			app.startDiscovery()
		}
	}
	return next, nil
}

// readFiles returns an application with what comes from the files that its section names.
func (s *service) readFiles(cfg *config.App) (*gateway.App, error) {
	trusted, err := engine.LoadTrustedDocuments(cfg.Trusted)
	if err != nil {
		return nil, err
	}
	var former *auth.Authenticator
	if _, served := s.current.find(cfg.Path); served != nil {
		former = served.Authenticator
	}
	authenticator, err := auth.NewAuthenticator(cfg.Auth, former, s.log.With("path", cfg.Path))
	return &gateway.App{Trusted: trusted, Authenticator: authenticator}, err
}

func (g *generation) find(path string) (*application, *gateway.App) {
	for i, app := range g.applications {
		if app.cfg.Path == path {
			return app, g.served[i]
		}
	}
	return nil, nil
}

// close ends the background work of authentication.
func (g *generation) close() {
	for _, app := range g.served {
		app.Authenticator.Close()
	}
}
