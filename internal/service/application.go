package service

import (
	"net"
	"net/netip"
	"reflect"
	"sync/atomic"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/gateway/transport"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// application is the part of an application that outlives a reload which leaves its section
// unchanged.
type application struct {
	cfg           config.App
	proxies       []netip.Prefix
	context       *auth.Context
	plugRequest   *auth.PlugRequest // nil: there are no plugs
	limiter       *ratelimit.Limiter
	absinthe      *rpcclient.Absinthe
	contract      *contract.Contract
	sharing       *engine.Sharing
	subscriptions *engine.Subscriptions // nil: none are served
	reservations  *transport.Reservations
	discovery     *discovery.Discovery
	found         atomic.Pointer[gateway.DiscoveryStatus]
	polled        chan struct{} // closed after the first poll of discovery
	stopDiscovery func()        // returns when discovery has stopped
}

// counts are the counts of the applications at a path. They outlive reloads.
type counts struct {
	pool     rpcclient.PoolCounts
	contract contract.Counts
	sharing  engine.SharingCounts

	subscriptions engine.SubscriptionCounts
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
	counts := s.countsOf(cfg.Path)
	absinthe := &rpcclient.Absinthe{
		Pool:   rpcclient.NewPool(s.node, cfg.PoolConfig, s.log),
		Config: cfg.AbsintheConfig,
	}
	absinthe.Config.Responds = !cfg.Response.IsEmpty()
	absinthe.Pool.SetCounts(&counts.pool)
	if cfg.UsesAgent() {
		absinthe.Pool.AddInspector(absinthe.InstallAgent)
	}
	if cfg.NeedsAgent() {
		absinthe.Pool.RequireAgent()
	}
	if cfg.PropagatesTraces() {
		absinthe.Pool.AddInspector(absinthe.FindTraceExtractor)
	}
	contractConfig := cfg.Contract
	contractConfig.Publishes = cfg.Publishes()
	app := &application{
		cfg:       cfg,
		proxies:   proxies,
		context:   context,
		limiter:   ratelimit.New(cfg.Path, cfg.RateLimits, s.rateStore),
		absinthe:  absinthe,
		contract:  contract.New(contractConfig, absinthe, &counts.contract, s.log.With("path", cfg.Path)),
		sharing:   engine.NewSharing(cfg.Operations, s.budget, &counts.sharing),
		discovery: discovery.New(cfg.Discovery, net.DefaultResolver, s.log),
	}
	if cfg.UsesConn() {
		app.plugRequest = auth.NewPlugRequest(cfg.Request)
	}
	app.reservations = transport.NewReservations()
	app.subscriptions = gateway.NewSubscriptions(cfg.AppConfig, absinthe, s.budget, &counts.subscriptions)
	app.found.Store(new(gateway.DiscoveryStatus))
	if former != nil {
		app.discovery.Inherit(former.discovery)
	}
	return app, nil
}

func (s *service) countsOf(path string) *counts {
	c := s.counts[path]
	if c == nil {
		c = new(counts)
		s.counts[path] = c
	}
	return c
}
