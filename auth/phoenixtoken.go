package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/auth/phoenix"
	"github.com/louche-graphql/louche/internal/secret"
)

// PhoenixTokenConfig is the method phoenix_token: tokens that the application has
// made with Phoenix.Token.
type PhoenixTokenConfig struct {
	// SecretKeyBase is that of the application's endpoint.
	SecretKeyBase secret.Source `yaml:"secret_key_base"`
	// Salt is the second argument of Phoenix.Token.sign, such as "user auth".
	Salt string `yaml:"salt"`
	// Encrypted: the tokens are made by Phoenix.Token.encrypt.
	Encrypted bool `yaml:"encrypted"`
	// MaxAge is how old a token may become; as old as it says itself unless set,
	// which is a day where Phoenix.Token was not told otherwise.
	MaxAge time.Duration `yaml:"max_age"`
	// The options of Phoenix.Token, with its defaults.
	KeyIterations int    `yaml:"key_iterations"`
	KeyLength     int    `yaml:"key_length"`
	KeyDigest     string `yaml:"key_digest"`
	// Place is the header Authorization unless set.
	Place `yaml:",inline"`
}

func (c *PhoenixTokenConfig) setDefaults() {
	c.Place.setDefault(authorization)
	if c.KeyIterations == 0 {
		c.KeyIterations = 1000
	}
	if c.KeyLength == 0 {
		c.KeyLength = 32
	}
	if c.KeyDigest == "" {
		c.KeyDigest = "sha256"
	}
}

func (c *PhoenixTokenConfig) key() phoenix.Key {
	return phoenix.Key{Salt: c.Salt, Iterations: c.KeyIterations, Length: c.KeyLength, Digest: c.KeyDigest}
}

func (c *PhoenixTokenConfig) validate(at string, _ bool) error {
	if err := c.SecretKeyBase.Validate(at + ".secret_key_base"); err != nil {
		return err
	}
	if err := c.key().Validate(c.Encrypted); err != nil {
		return fmt.Errorf("%s.%w", at, err)
	}
	if c.MaxAge < 0 {
		return fmt.Errorf("%s.max_age is a time, such as 24h", at)
	}
	if err := c.Place.validate(); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}

func (c *PhoenixTokenConfig) open(at string, _ opening) (method, error) {
	key := c.key()
	var err error
	if key.SecretKeyBase, err = c.SecretKeyBase.Read(at + ".secret_key_base"); err != nil {
		return nil, err
	}
	verifier, err := phoenix.NewVerifier(key, c.Encrypted, c.MaxAge)
	if err != nil {
		return nil, fmt.Errorf("%s.%w", at, err)
	}
	return &phoenixToken{c.Place, c.Salt, verifier}, nil
}

type phoenixToken struct {
	place    Place
	salt     string
	verifier *phoenix.Verifier
}

func (m *phoenixToken) identify(_ context.Context, r *Request) (*Identity, error) {
	text, err := m.place.token(r)
	switch {
	case err != nil || text == "":
		return nil, err
	case m.place.Header == authorization && !m.verifier.Owns(text):
		// Other methods have their tokens there too.
		return nil, errForeign
	}
	token, err := m.verifier.Verify(text, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: phoenix_token: %w", ErrCredentials, err)
	}
	return &Identity{
		Method:  "phoenix_token",
		Issuer:  m.salt,
		Subject: subjectOf(token.Claims, token.Hash),
		Claims:  token.Claims,
		Expires: token.Expires,
	}, nil
}

func (m *phoenixToken) headers() []string { return []string{m.place.header()} }
func (m *phoenixToken) ambient() bool     { return m.place.inCookie() }
func (m *phoenixToken) close()            {}
