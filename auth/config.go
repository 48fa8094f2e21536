package auth

import (
	"errors"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the auth section of an application: authentication and authorization.
type Config struct {
	// Anonymous says whether to "allow" or "refuse" requests without credentials. The
	// default is refuse if there are methods, else allow.
	Anonymous string `yaml:"anonymous"`
	// Methods are tried in order. The first that accepts the credentials of a request
	// determines its identity.
	Methods []MethodConfig `yaml:"methods"`
	// Require applies to every operation.
	Require Requirement `yaml:"require"`
	// Operations are additional rules. All rules that match an operation apply.
	Operations []OperationRule `yaml:"operations"`
}

// MethodConfig configures one method of authentication. Exactly one key is set.
type MethodConfig struct {
	JWT               *JWTConfig               `yaml:"jwt"`
	PhoenixToken      *PhoenixTokenConfig      `yaml:"phoenix_token"`
	APIKeys           *APIKeysConfig           `yaml:"api_keys"`
	ClientCertificate *ClientCertificateConfig `yaml:"client_certificate"`
	ProxyHeaders      *ProxyHeadersConfig      `yaml:"proxy_headers"`
}

// Values of [Config.Anonymous].
const (
	anonymousAllow  = "allow"
	anonymousRefuse = "refuse"
)

// SetDefaults sets the defaults of missing keys.
func (c *Config) SetDefaults() {
	if c.Anonymous == "" {
		c.Anonymous = anonymousAllow
		if len(c.Methods) > 0 {
			c.Anonymous = anonymousRefuse
		}
	}
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			s.setDefaults()
		}
	}
}

// Validate reports everything that is wrong with the section, by key. hasProxies says
// whether trusted_proxies is set.
func (c *Config) Validate(hasProxies bool) error {
	var errs []error
	switch {
	case c.Anonymous != anonymousAllow && c.Anonymous != anonymousRefuse:
		errs = append(errs, keypath.Errorf("anonymous", "is not %s or %s", anonymousAllow, anonymousRefuse))
	case c.Anonymous == anonymousRefuse && len(c.Methods) == 0:
		errs = append(errs, keypath.Errorf("anonymous", "is refuse and auth.methods is empty, so every request would be refused; add a method"))
	}
	if (!c.Require.empty() || len(c.Operations) > 0) && len(c.Methods) == 0 {
		errs = append(errs, keypath.Errorf("methods", "is empty, and auth.require and auth.operations need claims; add a method"))
	}
	errs = append(errs, keypath.In(c.Require.validate(), "require"))
	for i := range c.Operations {
		errs = append(errs, keypath.In(c.Operations[i].validate(), "operations", i))
	}
	for i := range c.Methods {
		sections := c.Methods[i].sections()
		if len(sections) != 1 {
			errs = append(errs, keypath.In(keypath.Errorf("", "needs exactly one key, which names the method, such as phoenix_token"), "methods", i))
			continue
		}
		for key, s := range sections {
			errs = append(errs, keypath.In(s.validate(hasProxies), "methods", i, key))
		}
	}
	return keypath.In(errors.Join(errs...), "auth")
}

// UsesCookies reports whether a method reads its token from a cookie. Browsers attach cookies
// by themselves, so a page of any origin can send requests with them: the gateway then needs
// protection against CSRF.
func (c *Config) UsesCookies() bool {
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			if location, ok := s.(interface{ usesAmbientCredentials() bool }); ok && location.usesAmbientCredentials() {
				return true
			}
		}
	}
	return false
}
