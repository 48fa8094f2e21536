// Package service puts the parts of one configuration together: the node, the
// applications and the gateway. It starts, reloads, drains and stops them. It knows no
// command line.
package service

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// service is a gateway and what stands behind it: the node, and for each
// application its discovery and its pool.
type service struct {
	log       *slog.Logger
	initial   *config.Config // with which it was started
	cfg       *config.Config
	node      *rpcclient.Node
	rateStore *ratelimit.Store // what rate limits of all configurations have counted
	gateway   *gateway.Gateway
	apps      []*application
	draining  sync.WaitGroup  // former configurations whose requests are not done
	settled   <-chan struct{} // closed when those of the one before are; nil: there was none
}

// application is one of the configuration's, with all that belongs to it alone.
type application struct {
	*gateway.App
	cfg           config.App
	proxies       []netip.Prefix
	authenticator *auth.Authenticator
	discovery     *discovery.Discovery
	polled        chan struct{} // closed when discovery has looked once
	stopDiscovery func()        // returns when discovery has stopped
}

// startService starts everything but the listeners.
func startService(cfg *config.Config, log *slog.Logger) (*service, error) {
	shown, err := readCredentials(cfg)
	if err != nil {
		return nil, err
	}
	budget := memory.NewBudget(cfg.Limits.Memory)
	nodeConfig := cfg.Node
	nodeConfig.Memory = gateway.AnswerMemory{Budget: budget}
	nodeConfig.MaxReassembly = cfg.Limits.AnswersOfANode()
	node, err := rpcclient.Start(nodeConfig, log)
	if err != nil {
		return nil, err
	}
	counted, err := ratelimit.NewStore(cfg.Redis, log)
	if err != nil {
		node.Stop()
		return nil, err
	}
	s := &service{log: log, initial: cfg, cfg: cfg, node: node, rateStore: counted}
	if s.apps, _, err = s.build(cfg); err != nil {
		counted.Close()
		node.Stop()
		return nil, err
	}
	s.gateway = gateway.New(node, fitting(cfg.Limits, openFiles(), log), served(s.apps), log)
	s.gateway.SetMemory(budget)
	shown.use(s.gateway)
	return s, nil
}

// fromFiles is what an application has from the files that its section names. They are
// read at every reload, whether the section has changed or not.
type fromFiles struct {
	trusted *gateway.TrustedDocuments
	asking  *auth.Authenticator
}

func (s *service) readFiles(cfg config.App, former *application) (f fromFiles, err error) {
	if f.trusted, err = gateway.LoadTrustedDocuments(cfg.Trusted); err != nil {
		return f, err
	}
	var asking *auth.Authenticator
	if former != nil {
		asking = former.authenticator
	}
	f.asking, err = auth.NewAuthenticator(cfg.Auth, asking, s.log.With("path", cfg.Path))
	return f, err
}

// build makes the applications of a configuration. Those that are in the present
// one just so are taken as they are, but for what they have from files. replaced is
// what the caller has to close when the last request of the present configuration
// is done.
func (s *service) build(cfg *config.Config) (apps []*application, replaced []*auth.Authenticator, err error) {
	former := make(map[string]*application)
	for _, app := range s.apps {
		former[app.cfg.Path] = app
	}
	var read []fromFiles
	defer func() {
		if err != nil {
			for _, f := range read {
				f.asking.Close()
			}
		}
	}()
	for i := range cfg.Apps {
		f, err := s.readFiles(cfg.Apps[i], former[cfg.Apps[i].Path])
		if err != nil {
			return nil, nil, keypath.In(err, "apps", i)
		}
		read = append(read, f)
	}
	for _, app := range s.apps {
		replaced = append(replaced, app.authenticator)
	}
	for i := range cfg.Apps {
		app, old := &application{cfg: cfg.Apps[i], proxies: cfg.TrustedProxies}, former[cfg.Apps[i].Path]
		if old != nil && reflect.DeepEqual(app.cfg, old.cfg) && reflect.DeepEqual(app.proxies, old.proxies) {
			apps = append(apps, old)
			continue
		}
		requests, err := auth.NewContext(app.cfg.ResolverContext(), app.proxies)
		if err != nil {
			return nil, nil, err
		}
		app.App = &gateway.App{
			Config:  app.cfg.AppConfig,
			Proxies: app.proxies,
			Context: requests,
			Limiter: ratelimit.New(app.cfg.Path, app.cfg.RateLimits, s.rateStore),
			Absinthe: &rpcclient.Absinthe{
				Pool:   rpcclient.NewPool(s.node, app.cfg.PoolConfig, s.log),
				Config: app.cfg.AbsintheConfig,
			},
		}
		contract := app.cfg.Contract
		contract.Publishes = app.cfg.Publishes()
		app.Contract = gateway.NewContract(contract, app.Absinthe, s.log.With("path", app.cfg.Path))
		app.discovery = discovery.New(app.cfg.Discovery, net.DefaultResolver, s.log)
		if old != nil {
			app.discovery.Inherit(old.discovery)
		}
		apps = append(apps, app)
	}
	for i, app := range apps {
		app.Trust(read[i].trusted)
		app.Ask(read[i].asking)
		app.authenticator = read[i].asking
		if app.stopDiscovery == nil {
			app.startDiscovery()
		}
	}
	return apps, replaced, nil
}

// look begins to tell the application's pool which nodes there are.
func (a *application) startDiscovery() {
	ctx, cancel := context.WithCancel(context.Background())
	a.polled = make(chan struct{})
	once := sync.OnceFunc(func() { close(a.polled) })
	var watch sync.WaitGroup
	watch.Go(func() {
		a.discovery.Watch(ctx, func(r discovery.Report) {
			a.Absinthe.Pool.Update(targets(r.Nodes), r.Addrs)
			a.SetProblems(problems(r))
			once()
		})
	})
	a.stopDiscovery = func() {
		cancel()
		watch.Wait()
	}
}

// problems are those of a report, a line each.
func problems(r discovery.Report) []string {
	lines := make([]string, len(r.Problems))
	for i, p := range r.Problems {
		lines[i] = fmt.Sprintf("%s: %v", p.Source, p.Err)
	}
	return lines
}

// firstLook bounds how long a new configuration waits for its nodes to be found.
const firstLook = 10 * time.Second

// reload goes over to another configuration. Requests in flight finish under the
// one they began with; what that had and this one has not is closed after them.
// Connections to nodes that both have are kept.
func (s *service) reload(ctx context.Context, cfg *config.Config) {
	if keys := s.initial.RestartKeys(cfg); len(keys) > 0 {
		s.log.Warn("configuration: these keys take effect after a restart only", "keys", keys)
	}
	shown, err := readCredentials(cfg)
	var apps []*application
	var replaced []*auth.Authenticator
	if err == nil {
		apps, replaced, err = s.build(cfg)
	}
	if err != nil {
		s.log.Error("configuration refused, the former one stays", "reason", err)
		return
	}
	// A pool that knows no node yet would refuse what the former one could answer.
	looking, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	for _, app := range apps {
		select {
		case <-app.polled:
		case <-looking.Done():
		}
	}
	var former []*application
	for _, app := range s.apps {
		if !slices.Contains(apps, app) {
			former = append(former, app)
		}
	}
	shown.use(s.gateway)
	limits := cfg.Limits
	limits.Answer = s.initial.Limits.Answer // as the node has it
	finished := s.gateway.Reconfigure(limits, served(apps))
	before, settled := s.settled, make(chan struct{})
	s.settled = settled
	s.apps, s.cfg = apps, cfg
	s.log.Info("configuration reloaded", "applications", len(apps))
	s.draining.Go(func() {
		defer close(settled)
		for _, app := range former {
			app.stopDiscovery()
		}
		if before != nil { // requests of older configurations may have these applications, too
			<-before
		}
		<-finished
		for _, asking := range replaced {
			asking.Close()
		}
		for _, app := range former {
			app.Absinthe.Pool.Close(context.Background())
		}
	})
}

// stop ends everything, once no requests come any more.
func (s *service) stop() {
	for _, app := range s.apps {
		app.stopDiscovery() // so that no node is added any more
	}
	last, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownGrace)
	defer cancel()
	for _, app := range s.apps {
		app.Absinthe.Pool.Close(last)
	}
	s.node.Stop()
	s.draining.Wait()
	for _, app := range s.apps {
		app.authenticator.Close()
	}
	s.rateStore.Close()
}

func served(apps []*application) []*gateway.App {
	list := make([]*gateway.App, len(apps))
	for i, app := range apps {
		list[i] = app.App
	}
	return list
}

func targets(found []discovery.Node) []rpcclient.NodeAddr {
	list := make([]rpcclient.NodeAddr, len(found))
	for i, t := range found {
		list[i] = rpcclient.NodeAddr(t)
	}
	return list
}
