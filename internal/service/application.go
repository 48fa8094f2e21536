package service

import (
	"net"
	"net/netip"
	"reflect"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// application is one application and everything that belongs to it alone.
type application struct {
	*gateway.App
	cfg           config.App
	proxies       []netip.Prefix
	authenticator *auth.Authenticator
	discovery     *discovery.Discovery
	polled        chan struct{} // closed after the first poll of discovery
	stopDiscovery func()        // returns when discovery has stopped
}

// appFiles is what an application has from the files that its section names. Every reload
// reads them, whether the section has changed or not.
type appFiles struct {
	trusted       *gateway.TrustedDocuments
	authenticator *auth.Authenticator
}

func (s *service) readFiles(cfg config.App, former *application) (f appFiles, err error) {
	if f.trusted, err = gateway.LoadTrustedDocuments(cfg.Trusted); err != nil {
		return f, err
	}
	var authenticator *auth.Authenticator
	if former != nil {
		authenticator = former.authenticator
	}
	f.authenticator, err = auth.NewAuthenticator(cfg.Auth, authenticator, s.log.With("path", cfg.Path))
	return f, err
}

// build returns the applications of a configuration. It reuses an application whose section
// has not changed, and reads its files again. The caller closes replaced when the last
// request of the present configuration has ended.
func (s *service) build(cfg *config.Config) (apps []*application, replaced []*auth.Authenticator, err error) {
	former := make(map[string]*application)
	for _, app := range s.apps {
		former[app.cfg.Path] = app
	}
	var files []appFiles
	defer func() {
		if err != nil {
			for _, f := range files {
				f.authenticator.Close()
			}
		}
	}()
	for i := range cfg.Apps {
		f, err := s.readFiles(cfg.Apps[i], former[cfg.Apps[i].Path])
		if err != nil {
			return nil, nil, keypath.In(err, "apps", i)
		}
		files = append(files, f)
	}
	for i := range cfg.Apps {
		app, err := s.newApplication(cfg.Apps[i], cfg.TrustedProxies, former[cfg.Apps[i].Path])
		if err != nil {
			return nil, nil, keypath.In(err, "apps", i)
		}
		apps = append(apps, app)
	}
	for _, app := range s.apps {
		replaced = append(replaced, app.authenticator)
	}
	for i, app := range apps {
		app.Trust(files[i].trusted)
		app.Ask(files[i].authenticator)
		app.authenticator = files[i].authenticator
		if app.stopDiscovery == nil {
			app.startDiscovery()
		}
	}
	return apps, replaced, nil
}

// newApplication returns former, which may be nil, if its section has not changed.
func (s *service) newApplication(cfg config.App, proxies []netip.Prefix, former *application) (*application, error) {
	if former != nil && reflect.DeepEqual(cfg, former.cfg) && reflect.DeepEqual(proxies, former.proxies) {
		return former, nil
	}
	context, err := auth.NewContext(cfg.ResolverContext(), proxies)
	if err != nil {
		return nil, err
	}
	absinthe := &rpcclient.Absinthe{
		Pool:   rpcclient.NewPool(s.node, cfg.PoolConfig, s.log),
		Config: cfg.AbsintheConfig,
	}
	contract := cfg.Contract
	contract.Publishes = cfg.Publishes()
	app := &application{
		App: &gateway.App{
			Config:   cfg.AppConfig,
			Proxies:  proxies,
			Context:  context,
			Limiter:  ratelimit.New(cfg.Path, cfg.RateLimits, s.rateStore),
			Absinthe: absinthe,
			Contract: gateway.NewContract(contract, absinthe, s.log.With("path", cfg.Path)),
		},
		cfg:       cfg,
		proxies:   proxies,
		discovery: discovery.New(cfg.Discovery, net.DefaultResolver, s.log),
	}
	if former != nil {
		app.discovery.Inherit(former.discovery)
	}
	return app, nil
}

func gatewayApps(apps []*application) []*gateway.App {
	list := make([]*gateway.App, len(apps))
	for i, app := range apps {
		list[i] = app.App
	}
	return list
}
