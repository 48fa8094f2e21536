package config

import (
	"maps"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient"
)

// pubSubKey is the key of the context from which Absinthe reads the pubsub module.
// Absinthe.Plug sets the same key.
const pubSubKey = "pubsub"

// ResolverContext returns the section context with the module of pubsub added.
func (a *App) ResolverContext() auth.ContextConfig {
	if a.PubSub == "" {
		return a.Context
	}
	var module any = rpcclient.ModuleAtom(a.PubSub)
	section := maps.Clone(a.Context)
	if section == nil {
		section = make(auth.ContextConfig)
	}
	section[pubSubKey] = auth.ContextField{Value: &module, Type: auth.Type{Scalar: "atom"}, Atoms: []string{module.(string)}}
	return section
}

func (a *App) validatePubSub() error {
	if _, set := a.Context[pubSubKey]; set && a.PubSub != "" {
		return keypath.In(keypath.Errorf(pubSubKey, "is set, and so is pubsub; remove context.pubsub"), "context")
	}
	return nil
}

// Publishes reports whether mutations can reach subscribers: through a pubsub module, or
// through plugs or the function of context_from, which may set one.
func (a *App) Publishes() bool {
	_, set := a.Context[pubSubKey]
	return set || a.PubSub != "" || a.ContextFrom != "" || len(a.Plugs) > 0
}
