// Package config loads the configuration: a YAML document, environment variables and
// flags. It locates errors, and reloads the configuration when its files change. It starts
// nothing and connects to nothing.
package config

import (
	"cmp"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/gateway/contract"
	"github.com/louche-graphql/louche/gateway/server"
	"github.com/louche-graphql/louche/gateway/telemetry"
	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// Config is the whole configuration. Each section belongs to a package, which has its
// defaults and its validation. docs/configuration.md describes every key.
type Config struct {
	Listen         string                 `yaml:"listen" env:"LISTEN"`
	Admin          string                 `yaml:"admin" env:"ADMIN"`
	AdminToken     secret.Source          `yaml:"admin_token" env:"ADMIN_TOKEN"`
	Debug          bool                   `yaml:"debug" env:"DEBUG"`
	ShutdownDelay  time.Duration          `yaml:"shutdown_delay" env:"SHUTDOWN_DELAY"`
	ShutdownGrace  time.Duration          `yaml:"shutdown_grace" env:"SHUTDOWN_GRACE"`
	TLS            server.TLSConfig       `yaml:"tls" envPrefix:"TLS_"`
	HTTP3          bool                   `yaml:"http3" env:"HTTP3"`
	Log            Log                    `yaml:"log" envPrefix:"LOG_"`
	Traces         telemetry.TracesConfig `yaml:"traces" envPrefix:"TRACES_"`
	Node           rpcclient.NodeConfig   `yaml:"node" envPrefix:"NODE_"`
	TrustedProxies []netip.Prefix         `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	ProxyProtocol  []netip.Prefix         `yaml:"proxy_protocol" env:"PROXY_PROTOCOL"`
	Limits         gateway.Limits         `yaml:"limits" envPrefix:"LIMITS_"`
	Redis          ratelimit.RedisConfig  `yaml:"redis" env:"REDIS"`
	Apps           []App                  `yaml:"apps" envPrefix:"APPS_"`

	file *document // for the positions of errors
}

// Log is the section log.
type Log struct {
	logging.Config         `yaml:",inline"`
	telemetry.AccessConfig `yaml:",inline"`
}

// App is the section of one application.
type App struct {
	gateway.AppConfig        `yaml:",inline"`
	rpcclient.AbsintheConfig `yaml:",inline"`
	rpcclient.PoolConfig     `yaml:",inline"`
	Discovery                discovery.Config       `yaml:"discovery" envPrefix:"DISCOVERY_"`
	Contract                 contract.Config        `yaml:"contract" envPrefix:"CONTRACT_"`
	Auth                     auth.Config            `yaml:"auth" env:"AUTH"`
	Context                  auth.ContextConfig     `yaml:"context" env:"CONTEXT"`
	Request                  auth.PlugRequestConfig `yaml:"request" envPrefix:"REQUEST_"`
	RateLimits               ratelimit.Rules        `yaml:"rate_limits" env:"RATE_LIMITS"`
}

// App returns the application with a path, or nil.
func (c *Config) App(path string) *App {
	for i := range c.Apps {
		if c.Apps[i].Path == path {
			return &c.Apps[i]
		}
	}
	return nil
}

// SetDefaults sets the defaults of missing keys. RELEASE_COOKIE, REMOTE_APP_NAME and
// ERL_EPMD_PORT are the defaults of their keys.
func (c *Config) SetDefaults() error {
	c.Listen = cmp.Or(c.Listen, "127.0.0.1:4400")
	c.Admin = cmp.Or(c.Admin, "127.0.0.1:4401")
	c.ShutdownGrace = cmp.Or(c.ShutdownGrace, 30*time.Second)
	c.TLS.SetDefaults()
	c.Log.Config.SetDefaults()
	c.Log.AccessConfig.SetDefaults()
	if c.Node.Cookie == "" && c.Node.CookieFile == "" {
		c.Node.Cookie = secret.Text(os.Getenv("RELEASE_COOKIE"))
	}
	c.Node.SetDefaults(c.Listen)
	c.Limits.SetDefaults()
	c.Node.MaxMessage = c.Limits.Answer
	c.Redis.SetDefaults()
	for i := range c.Apps {
		app := &c.Apps[i]
		if isLoopback(c.Listen) {
			app.GraphiQL = cmp.Or(app.GraphiQL, gateway.GraphiQLOn)
		}
		app.AppConfig.SetDefaults()
		app.AbsintheConfig.SetDefaults()
		app.PoolConfig.SetDefaults()
		app.Auth.SetDefaults()
		app.Contract.SetDefaults()
		if err := setDiscoveryDefaults(&app.Discovery); err != nil {
			return err
		}
	}
	return nil
}

func setDiscoveryDefaults(d *discovery.Config) error {
	if len(d.Nodes) == 0 {
		if len(d.DNS) == 0 {
			d.DNS = []string{"127.0.0.1"}
		}
		d.Prefix = cmp.Or(d.Prefix, os.Getenv("REMOTE_APP_NAME"))
	}
	if port := os.Getenv("ERL_EPMD_PORT"); port != "" && d.EPMDPort == 0 {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return errors.New("ERL_EPMD_PORT is not a port")
		}
		d.EPMDPort = uint16(n)
	}
	d.SetDefaults()
	return nil
}
