package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// APIKeysConfig is the method api_keys: keys that were handed out, of which only the
// hash is known here.
type APIKeysConfig struct {
	// Header carries the key; X-Api-Key unless set. In Authorization it follows the
	// word Bearer.
	Header string `yaml:"header"`
	// File is a YAML list of keys, which is read again at every reload.
	File string `yaml:"file"`
	// Keys are more of them.
	Keys []APIKey `yaml:"keys"`
}

// Bounds of the keys that requests carry, in bytes. Shorter ones can be guessed from
// their hash.
const (
	minAPIKey = 20
	maxAPIKey = 512
)

func (c *APIKeysConfig) place() Place { return Place{Header: c.Header} }

func (c *APIKeysConfig) setDefaults() {
	place := c.place()
	place.setDefault("X-Api-Key")
	c.Header = place.Header
}

func (c *APIKeysConfig) validate(at string, _ bool) error {
	place := c.place()
	if err := place.validate(); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if c.File == "" && len(c.Keys) == 0 {
		return fmt.Errorf("%s needs file, keys or both", at)
	}
	_, err := c.inline(at)
	return err
}

// inline are the keys in the configuration itself.
func (c *APIKeysConfig) inline(at string) (*keyring, error) {
	ring := newKeyring()
	for i, key := range c.Keys {
		if err := ring.add(key); err != nil {
			return nil, fmt.Errorf("%s.keys[%d]: %w", at, i, err)
		}
	}
	return ring, nil
}

func (c *APIKeysConfig) open(at string, _ opening) (method, error) {
	ring, err := c.inline(at)
	if err != nil {
		return nil, err
	}
	if c.File != "" {
		if err := ring.addFile(c.File); err != nil {
			return nil, fmt.Errorf("%s.file: %w", at, err)
		}
	}
	return &apiKeys{c.place(), ring.owners}, nil
}

type apiKeys struct {
	place  Place
	owners map[keyHash]*Identity
}

func (m *apiKeys) identify(_ context.Context, r *Request) (*Identity, error) {
	key, err := m.place.token(r)
	switch {
	case err != nil || key == "":
		return nil, err
	case len(key) < minAPIKey || len(key) > maxAPIKey:
		return nil, fmt.Errorf("%w: api_keys: the key has %d bytes, and not %d to %d", ErrCredentials, len(key), minAPIKey, maxAPIKey)
	}
	// The look-up takes a time that depends on how the hash begins, and that is all
	// there is to learn from it: who can find keys whose hashes begin as they like
	// knows no more of the key that has such a hash.
	owner, known := m.owners[sha256.Sum256([]byte(key))]
	switch {
	case !known && m.place.Header == authorization: // other methods have their tokens there
		return nil, fmt.Errorf("%w: api_keys: nobody has this key", errForeign)
	case !known:
		return nil, fmt.Errorf("%w: api_keys: nobody has this key", ErrCredentials)
	}
	return owner, nil
}

func (m *apiKeys) headers() []string { return []string{m.place.Header} }
func (m *apiKeys) ambient() bool     { return false }
func (m *apiKeys) close()            {}
