package auth

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/louche-graphql/louche/internal/keypath"
)

// APIKeysConfig is the method api_keys. The gateway stores only the hashes of the keys.
type APIKeysConfig struct {
	// Header carries the key. The default is X-Api-Key. In Authorization the key follows
	// the word Bearer.
	Header string `yaml:"header"`
	// File is a YAML list of keys. Each reload reads it again.
	File string `yaml:"file"`
	// Keys are additional keys.
	Keys []APIKey `yaml:"keys"`
}

// Bounds of the length of keys in requests, in bytes. A shorter key can be guessed from
// its hash.
const (
	minAPIKeyLength = 20
	maxAPIKeyLength = 512
)

func (c *APIKeysConfig) location() TokenLocation { return TokenLocation{Header: c.Header} }

func (c *APIKeysConfig) setDefaults() {
	location := c.location()
	location.setDefaultHeader("X-Api-Key")
	c.Header = location.Header
}

func (c *APIKeysConfig) validate(bool) error {
	location := c.location()
	if err := location.validate(); err != nil {
		return err
	}
	if c.File == "" && len(c.Keys) == 0 {
		return keypath.Errorf("", "needs file, keys or both")
	}
	_, err := c.inlineKeys()
	return err
}

func (c *APIKeysConfig) inlineKeys() (*keyring, error) {
	ring := newKeyring()
	for i, key := range c.Keys {
		if err := ring.add(key); err != nil {
			return nil, keypath.In(err, "keys", i)
		}
	}
	return ring, nil
}

func (c *APIKeysConfig) newMethod(methodDependencies) (method, error) {
	ring, err := c.inlineKeys()
	if err != nil {
		return nil, err
	}
	if c.File != "" {
		if err := ring.addFile(c.File); err != nil {
			return nil, keypath.In(err, "file")
		}
	}
	return &apiKeys{c.location(), ring.identities}, nil
}

type apiKeys struct {
	TokenLocation
	identities map[keyHash]*Identity
}

func (m *apiKeys) authenticate(_ context.Context, r *Request) (*Identity, error) {
	key, err := m.token(r)
	switch {
	case err != nil || key == "":
		return nil, err
	case len(key) < minAPIKeyLength || len(key) > maxAPIKeyLength:
		return nil, fmt.Errorf("%w: api_keys: the key has %d bytes; keys have %d to %d", ErrInvalidCredentials, len(key), minAPIKeyLength, maxAPIKeyLength)
	}
	// The time of the lookup depends on the prefix of the hash. It reveals prefixes of
	// hashes, not keys.
	identity, known := m.identities[sha256.Sum256([]byte(key))]
	switch {
	case !known && m.Header == authorization: // the token may be for another method
		return nil, fmt.Errorf("%w: api_keys: the key is unknown", errUnrecognized)
	case !known:
		return nil, fmt.Errorf("%w: api_keys: the key is unknown", ErrInvalidCredentials)
	}
	return identity, nil
}
