package auth

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/louche-graphql/louche/auth/phoenix"
	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// PhoenixTokenConfig is the method phoenix_token: tokens of the application, which it makes
// with Phoenix.Token.
type PhoenixTokenConfig struct {
	// SecretKeyBase is secret_key_base of the application's endpoint.
	SecretKeyBase secret.Source `yaml:"secret_key_base"`
	// Salt is the second argument of Phoenix.Token.sign, such as "user auth".
	Salt string `yaml:"salt"`
	// Encrypted says that Phoenix.Token.encrypt makes the tokens, not sign.
	Encrypted bool `yaml:"encrypted"`
	// MaxAge overrides the maximum age of each token, which is the option max_age of
	// Phoenix.Token, or a day.
	MaxAge time.Duration `yaml:"max_age"`
	// The options of Phoenix.Token, with the same defaults.
	KeyIterations int    `yaml:"key_iterations"`
	KeyLength     int    `yaml:"key_length"`
	KeyDigest     string `yaml:"key_digest"`
	// The default is the header Authorization.
	TokenLocation `yaml:",inline"`
}

func (c *PhoenixTokenConfig) setDefaults() {
	c.TokenLocation.setDefaultHeader(authorization)
	c.KeyIterations = cmp.Or(c.KeyIterations, 1000)
	c.KeyLength = cmp.Or(c.KeyLength, 32)
	c.KeyDigest = cmp.Or(c.KeyDigest, "sha256")
}

func (c *PhoenixTokenConfig) key() phoenix.KeyOptions {
	return phoenix.KeyOptions{Salt: c.Salt, Iterations: c.KeyIterations, Length: c.KeyLength, Digest: c.KeyDigest}
}

func (c *PhoenixTokenConfig) validate(bool) error {
	if err := c.SecretKeyBase.Validate(); err != nil {
		return keypath.In(err, "secret_key_base")
	}
	if err := c.key().Validate(c.Encrypted); err != nil {
		return err
	}
	if c.MaxAge < 0 {
		return keypath.Errorf("max_age", "is negative; write a duration such as 24h")
	}
	return c.TokenLocation.validate()
}

func (c *PhoenixTokenConfig) newMethod(methodDependencies) (method, error) {
	key := c.key()
	var err error
	if key.SecretKeyBase, err = c.SecretKeyBase.Read(); err != nil {
		return nil, keypath.In(err, "secret_key_base")
	}
	verifier, err := phoenix.NewVerifier(key, c.Encrypted, c.MaxAge)
	if err != nil {
		return nil, err
	}
	return &phoenixToken{c.TokenLocation, c.Salt, verifier}, nil
}

type phoenixToken struct {
	TokenLocation
	salt     string
	verifier *phoenix.Verifier
}

func (m *phoenixToken) authenticate(_ context.Context, r *Request) (*Identity, error) {
	text, err := m.token(r)
	switch {
	case err != nil || text == "":
		return nil, err
	case m.Header == authorization && !m.verifier.Recognizes(text):
		// The token may be for another method.
		return nil, errUnrecognized
	}
	token, err := m.verifier.Verify(text, time.Now())
	if err != nil {
		return nil, fmt.Errorf("%w: phoenix_token: %w", ErrInvalidCredentials, err)
	}
	return &Identity{
		Method:  "phoenix_token",
		Issuer:  m.salt,
		Subject: subjectOf(token.Claims, token.Hash),
		Claims:  token.Claims,
		Expires: token.Expires,
	}, nil
}
