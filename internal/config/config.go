// Package config loads the configuration: a YAML document, environment variables and
// flags. It locates errors, and reloads the configuration when its files change. It starts
// nothing and connects to nothing.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/discovery"
	"github.com/louche-graphql/louche/gateway"
	"github.com/louche-graphql/louche/internal/logging"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/ratelimit"
	"github.com/louche-graphql/louche/rpcclient"
)

// config is the whole configuration. Each section belongs to a package; here
// they are only put together. docs/configuration.md describes every key.
type Config struct {
	Listen         string                `yaml:"listen" env:"LISTEN"`
	Admin          string                `yaml:"admin" env:"ADMIN"`
	AdminToken     secret.Source         `yaml:"admin_token" env:"ADMIN_TOKEN"`
	ShutdownDelay  time.Duration         `yaml:"shutdown_delay" env:"SHUTDOWN_DELAY"`
	ShutdownGrace  time.Duration         `yaml:"shutdown_grace" env:"SHUTDOWN_GRACE"`
	TLS            gateway.TLSConfig     `yaml:"tls" envPrefix:"TLS_"`
	Log            logging.Config        `yaml:"log" envPrefix:"LOG_"`
	Node           rpcclient.NodeConfig  `yaml:"node" envPrefix:"NODE_"`
	TrustedProxies []netip.Prefix        `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	Limits         gateway.Limits        `yaml:"limits" envPrefix:"LIMITS_"`
	Redis          ratelimit.RedisConfig `yaml:"redis" env:"REDIS"`
	Apps           []App                 `yaml:"apps" envPrefix:"APPS_"`

	file *document // that it was read from, for the positions of errors
}

type App struct {
	gateway.AppConfig        `yaml:",inline"`
	rpcclient.AbsintheConfig `yaml:",inline"`
	rpcclient.PoolConfig     `yaml:",inline"`
	Discovery                discovery.Config       `yaml:"discovery" envPrefix:"DISCOVERY_"`
	Contract                 gateway.ContractConfig `yaml:"contract" envPrefix:"CONTRACT_"`
	Auth                     auth.Config            `yaml:"auth" env:"AUTH"`
	Context                  auth.ContextConfig     `yaml:"context" env:"CONTEXT"`
	RateLimits               ratelimit.Rules        `yaml:"rate_limits" env:"RATE_LIMITS"`
}

// configFlags are the common values as flags, enough for one application.
type Flags struct {
	Config     string   `short:"c" placeholder:"FILE" help:"Configuration file (YAML)."`
	Listen     string   `placeholder:"ADDR" help:"Address for clients (default 127.0.0.1:4400)."`
	Admin      string   `placeholder:"ADDR" help:"Address for operators (default 127.0.0.1:4401)."`
	Schema     string   `placeholder:"MODULE" help:"Absinthe schema of the first application, such as MyApp.Schema."`
	DNS        []string `placeholder:"HOST" help:"Hosts of its nodes (default 127.0.0.1)."`
	Prefix     string   `placeholder:"NAME" help:"Prefix of its node names (default $REMOTE_APP_NAME)."`
	NodeName   string   `placeholder:"NAME@HOST" help:"The gateway's own node name."`
	CookieFile string   `placeholder:"FILE" help:"File with the cookie (default $RELEASE_COOKIE, then ~/.erlang.cookie)."`
}

// environment is how variables are named after keys: LOUCHE_APPS_0_TIMEOUT. What
// has no names of its own for its parts is written as in the file.
var environment = env.Options{
	Prefix: "LOUCHE_",
	FuncMap: map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[auth.Config]():           asInFile[auth.Config],
		reflect.TypeFor[auth.ContextConfig]():    asInFile[auth.ContextConfig],
		reflect.TypeFor[secret.Source]():         asInFile[secret.Source],
		reflect.TypeFor[ratelimit.Rules]():       asInFile[ratelimit.Rules],
		reflect.TypeFor[ratelimit.RedisConfig](): asInFile[ratelimit.RedisConfig],
	},
}

func asInFile[T any](text string) (any, error) {
	var section T
	d, err := readDocument("", []byte(text), &section)
	if err == nil {
		err = errors.Join(d.errors()...)
	}
	return section, err
}

// load reads the file, then the environment, then flags; later ones win. The error
// is everything that is wrong, a line each.
func (f *Flags) Load() (*Config, error) {
	// The only key of which 0 means something else than what is there without it.
	c := &Config{ShutdownDelay: 5 * time.Second}
	file, err := f.read(c)
	if err != nil {
		return nil, err
	}
	file.flags = f.given()
	c.file = file
	errs := append(file.errors(), c.readEnvironment()...)
	if f.Schema != "" && len(c.Apps) == 0 {
		c.Apps = make([]App, 1)
	}
	if len(c.Apps) > 0 {
		app := &c.Apps[0]
		override(&app.Schema, f.Schema)
		override(&app.Discovery.Prefix, f.Prefix)
		if len(f.DNS) > 0 {
			app.Discovery.DNS, app.Discovery.Nodes = f.DNS, nil
		}
	}
	override(&c.Listen, f.Listen)
	override(&c.Admin, f.Admin)
	override(&c.Node.Name, f.NodeName)
	if f.CookieFile != "" {
		c.Node.Cookie, c.Node.CookieFile = "", f.CookieFile
	}
	if err := c.SetDefaults(); err != nil {
		errs = append(errs, err)
	}
	if errs = append(errs, file.locate(c.Validate())...); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

// given are the flags that are given, by the keys that they set.
func (f *Flags) given() map[string]string {
	given := make(map[string]string)
	for key, flag := range map[string]struct{ name, value string }{
		"listen":                   {"--listen", f.Listen},
		"admin":                    {"--admin", f.Admin},
		"apps[0].schema":           {"--schema", f.Schema},
		"apps[0].discovery.dns":    {"--dns", strings.Join(f.DNS, ",")},
		"apps[0].discovery.prefix": {"--prefix", f.Prefix},
		"node.name":                {"--node-name", f.NodeName},
		"node.cookie_file":         {"--cookie-file", f.CookieFile},
	} {
		if flag.value != "" {
			given[key] = flag.name
		}
	}
	return given
}

// read reads the file, if there is one.
func (f *Flags) read(c *Config) (*document, error) {
	if f.Config == "" {
		return &document{}, nil
	}
	file, err := secret.ReadTrusted(f.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return readDocument(f.Config, file, c)
}

func override(value *string, flag string) {
	if flag != "" {
		*value = flag
	}
}

// setDefaults fills what was left out, from RELEASE_COOKIE and REMOTE_APP_NAME
// where they are set.
func (c *Config) SetDefaults() error {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:4400"
	}
	if c.Admin == "" {
		c.Admin = "127.0.0.1:4401"
	}
	if c.ShutdownGrace == 0 {
		c.ShutdownGrace = 30 * time.Second
	}
	c.TLS.SetDefaults()
	c.Log.SetDefaults()
	if c.Node.Cookie == "" && c.Node.CookieFile == "" {
		c.Node.Cookie = secret.Text(os.Getenv("RELEASE_COOKIE"))
	}
	c.Node.SetDefaults(c.Listen)
	c.Limits.SetDefaults()
	c.Node.MaxMessage = c.Limits.Answer
	c.Redis.SetDefaults()
	for i := range c.Apps {
		app := &c.Apps[i]
		app.AppConfig.SetDefaults()
		app.AbsintheConfig.SetDefaults()
		app.PoolConfig.SetDefaults()
		app.Auth.SetDefaults()
		app.Contract.SetDefaults()
		if err := discoveryDefaults(&app.Discovery); err != nil {
			return err
		}
	}
	return nil
}

func discoveryDefaults(d *discovery.Config) error {
	if len(d.Nodes) == 0 {
		if len(d.DNS) == 0 {
			d.DNS = []string{"127.0.0.1"}
		}
		if d.Prefix == "" {
			d.Prefix = os.Getenv("REMOTE_APP_NAME")
		}
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

// validate returns everything that is wrong. What is about a key begins with its
// path.
func (c *Config) Validate() (errs []error) {
	note := func(where string, err error) {
		for _, err := range each(err) {
			errs = append(errs, fmt.Errorf("%s%w", where, err))
		}
	}
	note("", checkAddress("listen", c.Listen))
	note("", checkAddress("admin", c.Admin))
	if c.Listen == c.Admin || overlap(c.Listen, c.Admin) {
		note("", errors.New("listen and admin are the same, or one includes the other; give them an address each"))
	}
	if c.AdminToken.IsSet() {
		note("", c.AdminToken.Validate("admin_token"))
	} else if !isLoopback(c.Admin) {
		note("", errors.New("admin can be reached from other machines, whose users could drain nodes: set admin_token, {file: PATH} or {env: NAME}, or an address on 127.0.0.1"))
	}
	if c.ShutdownDelay < 0 || c.ShutdownGrace < 0 {
		note("", errors.New("shutdown_delay and shutdown_grace are times, such as 30s"))
	}
	note("", c.TLS.Validate())
	note("", c.Log.Validate())
	note("", c.Node.Validate())
	note("", c.Limits.Validate())
	note("", c.Redis.Validate())
	if len(c.Apps) == 0 {
		note("", errors.New("no application: add one to apps, or give --schema"))
	}
	paths := make(map[string]bool)
	for i := range c.Apps {
		app, where := &c.Apps[i], fmt.Sprintf("apps[%d]: ", i)
		note(where, app.AppConfig.Validate(app.Auth.UsesCookies() || app.Context.UsesCookies()))
		note(where, app.AbsintheConfig.Validate())
		note(where, app.PoolConfig.Validate())
		note(where, app.Contract.Validate())
		note(where+"discovery: ", app.Discovery.Validate())
		note(where, app.Auth.Validate(len(c.TrustedProxies) > 0))
		note(where, app.Context.Validate(len(c.TrustedProxies) > 0, len(app.Auth.Methods) > 0))
		note(where, app.validatePubSub())
		note(where, app.validateIntrospection())
		note(where, app.validateCertificates(c.TLS.ClientCAFile != ""))
		note(where, app.RateLimits.Validate())
		if paths[app.Path] {
			note(where, errors.New("path is taken by another application"))
		}
		paths[app.Path] = true
	}
	return errs
}

// validateIntrospection refuses to have the schema asked for by those who say who is
// asking, where there is no way to say so.
func (a *App) validateIntrospection() error {
	if a.DocumentLimits.OnlyIdentified() && len(a.Auth.Methods) == 0 && !a.Context.UsesHeaders() {
		return errors.New("document_limits.introspection is identified, and no request can say who is asking: give auth.methods, or a context that takes a header, or set it to refuse")
	}
	return nil
}

// validateCertificates refuses to be told by certificates who is asking, where clients
// are not asked for any.
func (a *App) validateCertificates(asked bool) error {
	for i, m := range a.Auth.Methods {
		if m.ClientCertificate != nil && !asked {
			return fmt.Errorf("auth.methods[%d].client_certificate needs tls.client_ca_file: without it, clients are not asked for certificates", i)
		}
	}
	return nil
}

func checkAddress(key, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s is not an address such as 127.0.0.1:4400", key)
	}
	return nil
}

// overlap says whether two listeners cannot have these addresses at once: they have
// the same port, and the same IP address or one that stands for every one.
func overlap(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	numberA, errA := strconv.ParseUint(portA, 10, 16)
	numberB, errB := strconv.ParseUint(portB, 10, 16)
	if errA != nil || errB != nil || numberA != numberB || numberA == 0 {
		return false
	}
	return hostA == hostB || includes(hostA, hostB) || includes(hostB, hostA)
}

// includes says whether a listener on one host takes what comes to another.
func includes(host, other string) bool {
	ip, err := netip.ParseAddr(cmp.Or(host, "::"))
	if err != nil || !ip.IsUnspecified() {
		return false
	}
	otherIP, err := netip.ParseAddr(other)
	return ip.Is6() || err != nil || otherIP.Is4()
}

// isLoopback says whether only this machine gets to an address.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
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
