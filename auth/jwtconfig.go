package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/auth/jwt"
	"github.com/louche-graphql/louche/internal/secret"
)

// JWTConfig is the method jwt: tokens that an issuer has signed (RFC 7519).
type JWTConfig struct {
	// Issuer is what iss has to be. It is needed where keys are fetched.
	Issuer string `yaml:"issuer"`
	// Audience are those of whom aud has to name one; empty but there: aud is not
	// looked at. It is needed where keys are fetched; elsewhere, without it there must
	// be no aud.
	Audience []string `yaml:"audience"`
	// Algorithms narrow those that fit the keys.
	Algorithms []string `yaml:"algorithms"`

	// Where the keys are, exactly one of these: the URL of a key set; the issuer's
	// OpenID configuration; a secret; public keys (PEM); a file with a key set.
	JWKS          string        `yaml:"jwks"`
	Discover      bool          `yaml:"discover"`
	Secret        secret.Source `yaml:"secret"`
	PublicKeyFile string        `yaml:"public_key_file"`
	JWKSFile      string        `yaml:"jwks_file"`

	// Refresh is the time between two fetches.
	Refresh time.Duration `yaml:"refresh"`
	// CAFile are certificates that the server's with the keys is verified with.
	CAFile string `yaml:"ca_file"`
	// Leeway is by how much the issuer's clock may be wrong.
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
	if c.Refresh == 0 {
		c.Refresh = defaultRefresh
	}
	if c.Leeway == 0 {
		c.Leeway = defaultLeeway
	}
	c.TokenLocation.setDefaultHeader(authorization)
}

// fetchesKeys says whether the keys are.
func (c *JWTConfig) fetchesKeys() bool { return c.JWKS != "" || c.Discover }

func (c *JWTConfig) keySetSource() jwt.KeySetSource {
	return jwt.KeySetSource{Issuer: c.Issuer, URL: c.JWKS, CAFile: c.CAFile, Refresh: c.Refresh}
}

func (c *JWTConfig) validate(keyPath string, _ bool) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("%s: %w", keyPath, err)
	}
	return nil
}

func (c *JWTConfig) check() error {
	from := 0
	for _, given := range []bool{c.JWKS != "", c.Discover, c.Secret.IsSet(), c.PublicKeyFile != "", c.JWKSFile != ""} {
		if given {
			from++
		}
	}
	switch {
	case from != 1:
		return errors.New("needs exactly one of jwks, discover, secret, public_key_file and jwks_file, which say where the keys are")
	case c.fetchesKeys() && c.Issuer == "":
		return errors.New("issuer is needed with jwks and discover: it is what iss has to be")
	case c.fetchesKeys() && c.Audience == nil:
		return errors.New("audience is needed with jwks and discover: without it, tokens that the issuer made for others would be taken (RFC 8725, 3.9); [] takes them")
	case !c.fetchesKeys() && c.CAFile != "":
		return errors.New("ca_file is for jwks and discover")
	case c.Refresh < minRefresh || c.Refresh > maxRefresh:
		return fmt.Errorf("refresh %s is not between %s and %s", c.Refresh, minRefresh, maxRefresh)
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return fmt.Errorf("leeway %s is not between 0s and %s", c.Leeway, maxLeeway)
	}
	if c.Secret.IsSet() {
		if err := c.Secret.Validate("secret"); err != nil {
			return err
		}
	}
	if c.fetchesKeys() {
		key := "jwks"
		if c.Discover {
			key = "issuer"
		}
		if err := c.keySetSource().Validate(); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := jwt.ValidateAlgorithms(c.Algorithms, c.Secret.IsSet()); err != nil {
		return fmt.Errorf("algorithms: %w", err)
	}
	return c.TokenLocation.validate()
}

func (c *JWTConfig) newMethod(keyPath string, with methodDependencies) (method, error) {
	m, err := newJWTMethod(*c, with)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyPath, err)
	}
	return m, nil
}

// keys reads keys that are not fetched.
func (c *JWTConfig) loadKeys() (*jwt.Keys, error) {
	if c.Secret.IsSet() {
		text, err := c.Secret.Read("secret")
		if err != nil {
			return nil, err
		}
		keys, err := jwt.NewHMACKeys([]byte(text), c.Algorithms)
		if err != nil {
			return nil, fmt.Errorf("secret: %w", err)
		}
		return keys, nil
	}
	if c.PublicKeyFile != "" {
		text, err := secret.ReadTrusted(c.PublicKeyFile)
		if err != nil {
			return nil, fmt.Errorf("public_key_file: %w", err)
		}
		keys, err := jwt.ParsePublicKeys(text)
		if err != nil {
			return nil, fmt.Errorf("public_key_file: %s: %w", c.PublicKeyFile, err)
		}
		return keys, nil
	}
	text, err := secret.ReadTrusted(c.JWKSFile)
	if err != nil {
		return nil, fmt.Errorf("jwks_file: %w", err)
	}
	keys, problems, err := jwt.ParseKeySet(text)
	if err = errors.Join(append(problems, err)...); err != nil {
		return nil, fmt.Errorf("jwks_file: %s: %w", c.JWKSFile, err)
	}
	return keys, nil
}
