package config

import (
	"errors"
	"maps"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient"
)

// pubSubKey is the key of the context under which Absinthe looks for the module that
// publishes: Absinthe.Plug puts it there.
const pubSubKey = "pubsub"

// resolverContext is the section context with the module of pubsub added.
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
		return errors.New("pubsub and context.pubsub are both set; remove context.pubsub")
	}
	return nil
}

// publishes reports whether mutations can reach subscribers, as far as the
// configuration tells: the application's own function may name a module, too.
func (a *App) Publishes() bool {
	_, set := a.Context[pubSubKey]
	return set || a.PubSub != "" || a.ContextFrom != ""
}
