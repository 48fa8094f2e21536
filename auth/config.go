package auth

import (
	"errors"
	"fmt"
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
		errs = append(errs, fmt.Errorf("auth.anonymous is not %s or %s", anonymousAllow, anonymousRefuse))
	case c.Anonymous == anonymousRefuse && len(c.Methods) == 0:
		errs = append(errs, errors.New("auth.anonymous is refuse and auth.methods is empty, so every request would be refused; add a method"))
	}
	if (!c.Require.empty() || len(c.Operations) > 0) && len(c.Methods) == 0 {
		errs = append(errs, errors.New("auth.require and auth.operations need claims, and auth.methods is empty; add a method"))
	}
	if err := c.Require.validate(); err != nil {
		errs = append(errs, fmt.Errorf("auth.require.%w", err))
	}
	for i := range c.Operations {
		if err := c.Operations[i].validate(); err != nil {
			errs = append(errs, fmt.Errorf("auth.operations[%d]: %w", i, err))
		}
	}
	for i := range c.Methods {
		keyPath := fmt.Sprintf("auth.methods[%d]", i)
		sections := c.Methods[i].sections()
		if len(sections) != 1 {
			errs = append(errs, fmt.Errorf("%s needs exactly one key, which names the method, such as phoenix_token", keyPath))
			continue
		}
		for key, s := range sections {
			errs = append(errs, s.validate(keyPath+"."+key, hasProxies))
		}
	}
	return errors.Join(errs...)
}

// UsesCookies reports whether a method reads its token from a cookie. Browsers attach cookies
// by themselves, so a page of any origin can send requests with them: the gateway then needs
// protection against CSRF.
func (c *Config) UsesCookies() bool {
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			if location, ok := s.(interface{ usesCookie() bool }); ok && location.usesCookie() {
				return true
			}
		}
	}
	return false
}
