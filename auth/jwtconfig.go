package auth

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/auth/jwt"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// JWTConfig is the method jwt: signed JSON Web Tokens of an issuer (RFC 7519).
type JWTConfig struct {
	// Issuer is the required iss. Fetched keys need it.
	Issuer string `yaml:"issuer"`
	// Audience has the accepted values of aud, one of which a token must name. An empty
	// list disables the check. Fetched keys need the key. With other keys and without
	// audience, a token must have no aud.
	Audience []string `yaml:"audience"`
	// Algorithms restrict the algorithms of the keys.
	Algorithms []string `yaml:"algorithms"`

	// Exactly one of these locates the keys: the URL of a key set, the issuer's OpenID
	// configuration, a secret, public keys (PEM), or a file with a key set.
	JWKS          string        `yaml:"jwks"`
	Discover      bool          `yaml:"discover"`
	Secret        secret.Source `yaml:"secret"`
	PublicKeyFile string        `yaml:"public_key_file"`
	JWKSFile      string        `yaml:"jwks_file"`

	// Refresh is the time between two fetches.
	Refresh time.Duration `yaml:"refresh"`
	// CAFile has the CA certificates (PEM) for the server with the keys.
	CAFile string `yaml:"ca_file"`
	// Leeway is the tolerated clock difference between issuer and gateway.
	Leeway time.Duration `yaml:"leeway"`

	TokenLocation `yaml:",inline"`
}

const (
	defaultRefresh = 10 * time.Minute
	minRefresh     = 10 * time.Second
	maxRefresh     = 24 * time.Hour
	defaultLeeway  = 30 * time.Second
	maxLeeway      = 5 * time.Minute
)

func (c *JWTConfig) setDefaults() {
	c.Refresh = cmp.Or(c.Refresh, defaultRefresh)
	c.Leeway = cmp.Or(c.Leeway, defaultLeeway)
	c.TokenLocation.setDefaultHeader(authorization)
}

func (c *JWTConfig) fetchesKeys() bool { return c.JWKS != "" || c.Discover }

func (c *JWTConfig) keySetSource() jwt.KeySetSource {
	return jwt.KeySetSource{Issuer: c.Issuer, URL: c.JWKS, CAFile: c.CAFile, Refresh: c.Refresh}
}

// KeySets returns the sources of the key sets that the gateway fetches.
func (c Config) KeySets() (sources []jwt.KeySetSource) {
	for _, m := range c.Methods {
		if m.JWT != nil && m.JWT.fetchesKeys() {
			sources = append(sources, m.JWT.keySetSource())
		}
	}
	return sources
}

func (c *JWTConfig) validate(bool) error {
	sources := 0
	for _, isSet := range []bool{c.JWKS != "", c.Discover, c.Secret.IsSet(), c.PublicKeyFile != "", c.JWKSFile != ""} {
		if isSet {
			sources++
		}
	}
	switch {
	case sources != 1:
		return keypath.Errorf("", "needs exactly one of jwks, discover, secret, public_key_file and jwks_file, which locate the keys")
	case c.fetchesKeys() && c.Issuer == "":
		return keypath.Errorf("issuer", "is needed with jwks and discover; it is the required iss")
	case c.fetchesKeys() && c.Audience == nil:
		return keypath.Errorf("audience", "is needed with jwks and discover: without it, the gateway would accept tokens that the issuer made for other applications (RFC 8725, 3.9); write [] to accept them")
	case !c.fetchesKeys() && c.CAFile != "":
		return keypath.Errorf("ca_file", "is for jwks and discover; remove it")
	case c.Refresh < minRefresh || c.Refresh > maxRefresh:
		return keypath.Errorf("refresh", "%s is not between %s and %s", c.Refresh, minRefresh, maxRefresh)
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return keypath.Errorf("leeway", "%s is not between 0s and %s", c.Leeway, maxLeeway)
	}
	if c.Secret.IsSet() {
		if err := c.Secret.Validate(); err != nil {
			return keypath.In(err, "secret")
		}
	}
	if c.fetchesKeys() {
		key := "jwks"
		if c.Discover {
			key = "issuer"
		}
		if err := c.keySetSource().Validate(); err != nil {
			return keypath.In(err, key)
		}
	}
	if err := jwt.ValidateAlgorithms(c.Algorithms, c.Secret.IsSet()); err != nil {
		return keypath.In(err, "algorithms")
	}
	return c.TokenLocation.validate()
}

func (c *JWTConfig) newMethod(deps methodDependencies) (method, error) {
	return newJWTMethod(*c, deps)
}

// loadKeys reads the keys that are not fetched.
func (c *JWTConfig) loadKeys() (*jwt.Keys, error) {
	switch {
	case c.Secret.IsSet():
		text, err := c.Secret.Read()
		if err != nil {
			return nil, keypath.In(err, "secret")
		}
		keys, err := jwt.NewHMACKeys([]byte(text), c.Algorithms)
		return keys, keypath.In(err, "secret")
	case c.PublicKeyFile != "":
		return readKeys("public_key_file", c.PublicKeyFile, jwt.ParsePublicKeys)
	}
	return readKeys("jwks_file", c.JWKSFile, func(text []byte) (*jwt.Keys, error) {
		keys, problems, err := jwt.ParseKeySet(text)
		return keys, errors.Join(append(problems, err)...)
	})
}

func readKeys(key, file string, parse func([]byte) (*jwt.Keys, error)) (*jwt.Keys, error) {
	text, err := secret.ReadTrusted(file)
	if err != nil {
		return nil, keypath.In(err, key)
	}
	keys, err := parse(text)
	if err != nil {
		return nil, keypath.In(fmt.Errorf("%s: %w", file, err), key)
	}
	return keys, nil
}
