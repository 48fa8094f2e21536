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
}

// MethodConfig is one way to find out who is asking: exactly one of its keys is
// set.
type MethodConfig struct {
	JWT *JWTConfig `yaml:"jwt"`
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
	for _, m := range c.Methods {
		if m.JWT != nil {
			m.JWT.setDefaults()
		}
	}
}

// Validate says what is wrong with the section, naming the key.
func (c *Config) Validate() error {
	switch {
	case c.Anonymous != allowAnonymous && c.Anonymous != refuseAnonymous:
		return fmt.Errorf("auth.anonymous %q is not %s or %s", c.Anonymous, allowAnonymous, refuseAnonymous)
	case c.Anonymous == refuseAnonymous && len(c.Methods) == 0:
		return errors.New("auth.anonymous is refuse, and auth.methods says no way to be anybody")
	}
	for i, m := range c.Methods {
		switch {
		case m.JWT != nil:
			if err := m.JWT.validate(); err != nil {
				return fmt.Errorf("auth.methods[%d].jwt: %w", i, err)
			}
		default:
			return fmt.Errorf("auth.methods[%d] has none of the methods: jwt", i)
		}
	}
	return nil
}
