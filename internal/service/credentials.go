package service

import (
	"crypto/tls"

	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/config"
)

// credentials are what the listeners have from the files that the configuration
// names. They are read at every reload.
type credentials struct {
	clients   *tls.Config // nil: they are served in clear text
	operators string      // their token; empty: they need none
}

func readCredentials(cfg *config.Config) (c credentials, err error) {
	if c.clients, err = cfg.TLS.Load(); err != nil {
		return c, err
	}
	c.operators, err = cfg.ReadAdminToken()
	return c, err
}

// use has new connections and requests judged by them. What the listeners were
// started with, and the file has no more, stays: a listener over TLS goes on as one,
// and one that needs a token goes on needing it.
func (c credentials) use(g *gateway.Gateway) {
	if c.clients != nil {
		g.Present(c.clients)
	}
	if c.operators != "" {
		g.Admit(c.operators)
	}
}
