package auth

import (
	"errors"
	"fmt"
)

// Config is the auth section of an application: how it is found out who is asking,
// and what they must be to ask.
type Config struct {
	// Anonymous is what is done with requests that do not say who is asking:
	// "allow" or "refuse". refuse unless set where there are methods, else allow.
	Anonymous string `yaml:"anonymous"`
	// Methods are tried in order; the first that accepts what a request brings says
	// who is asking.
	Methods []MethodConfig `yaml:"methods"`
	// Require is what everybody must be who asks.
	Require Requirement `yaml:"require"`
	// Operations are what is required for some operations besides. Every rule that
	// fits one applies.
	Operations []OperationRule `yaml:"operations"`
}

// MethodConfig is one way to find out who is asking: exactly one of its keys is
// set.
type MethodConfig struct {
	JWT               *JWTConfig               `yaml:"jwt"`
	PhoenixToken      *PhoenixTokenConfig      `yaml:"phoenix_token"`
	APIKeys           *APIKeysConfig           `yaml:"api_keys"`
	ClientCertificate *ClientCertificateConfig `yaml:"client_certificate"`
	ProxyHeaders      *ProxyHeadersConfig      `yaml:"proxy_headers"`
}

// Values of [Config.Anonymous].
const (
	allowAnonymous  = "allow"
	refuseAnonymous = "refuse"
)

// SetDefaults fills what was left out.
func (c *Config) SetDefaults() {
	if c.Anonymous == "" {
		c.Anonymous = allowAnonymous
		if len(c.Methods) > 0 {
			c.Anonymous = refuseAnonymous
		}
	}
	for i := range c.Methods {
		for _, s := range c.Methods[i].sections() {
			s.setDefaults()
		}
	}
}

// Validate says what is wrong with the section, naming the key. trusted says whether
// there are any trusted_proxies.
func (c *Config) Validate(trusted bool) error {
	var errs []error
	switch {
	case c.Anonymous != allowAnonymous && c.Anonymous != refuseAnonymous:
		errs = append(errs, fmt.Errorf("auth.anonymous %q is not %s or %s", c.Anonymous, allowAnonymous, refuseAnonymous))
	case c.Anonymous == refuseAnonymous && len(c.Methods) == 0:
		errs = append(errs, errors.New("auth.anonymous is refuse, and auth.methods says no way to be anybody"))
	}
	if (!c.Require.empty() || len(c.Operations) > 0) && len(c.Methods) == 0 {
		errs = append(errs, errors.New("auth.require and auth.operations are about claims, and auth.methods says no way to have any"))
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
			errs = append(errs, fmt.Errorf("%s needs exactly one key that names the method, such as phoenix_token", keyPath))
			continue
		}
		for key, s := range sections {
			errs = append(errs, s.validate(keyPath+"."+key, trusted))
		}
	}
	return errors.Join(errs...)
}
