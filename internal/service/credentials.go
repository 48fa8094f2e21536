package service

import (
	"crypto/tls"

	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/config"
)

// credentials are what the listeners have from the files that the configuration names.
// Every reload reads them.
type credentials struct {
	tls        *tls.Config // for clients; nil: no TLS
	adminToken string      // for operators; empty: none
}

func readCredentials(cfg *config.Config) (c credentials, err error) {
	if c.tls, err = cfg.TLS.Load(); err != nil {
		return c, err
	}
	c.adminToken, err = cfg.ReadAdminToken()
	return c, err
}

// apply makes the gateway use them for new connections and requests. A listener keeps TLS
// and its token if the configuration has them no more: removing them needs a restart.
func (c credentials) apply(g *gateway.Gateway) {
	if c.tls != nil {
		g.Server.SetTLSConfig(c.tls)
	}
	if c.adminToken != "" {
		g.SetAdminToken(c.adminToken)
	}
}
