package gateway

import (
	"github.com/louche-graphql/louche/gateway/absinthe"
	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient"
)

// NewSubscriptions returns the subscriptions of an application; nil: it has no pubsub module.
func NewSubscriptions(cfg AppConfig, a *rpcclient.Absinthe, budget *memory.Budget, counts *engine.SubscriptionCounts) *engine.Subscriptions {
	if a.Config.PubSub == "" {
		return nil
	}
	return engine.NewSubscriptions(cfg.Operations, absinthe.NewUpstream(a, cfg.ExposeErrors), budget, counts)
}
