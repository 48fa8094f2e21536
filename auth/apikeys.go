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
	minAPIKeyLength = 20
	maxAPIKeyLength = 512
)

func (c *APIKeysConfig) location() TokenLocation { return TokenLocation{Header: c.Header} }

func (c *APIKeysConfig) setDefaults() {
	place := c.location()
	place.setDefaultHeader("X-Api-Key")
	c.Header = place.Header
}

func (c *APIKeysConfig) validate(keyPath string, _ bool) error {
	place := c.location()
	if err := place.validate(); err != nil {
		return fmt.Errorf("%s: %w", keyPath, err)
	}
	if c.File == "" && len(c.Keys) == 0 {
		return fmt.Errorf("%s needs file, keys or both", keyPath)
	}
	_, err := c.inline(keyPath)
	return err
}

// inline are the keys in the configuration itself.
func (c *APIKeysConfig) inline(keyPath string) (*keyring, error) {
	ring := newKeyring()
	for i, key := range c.Keys {
		if err := ring.add(key); err != nil {
			return nil, fmt.Errorf("%s.keys[%d]: %w", keyPath, i, err)
		}
	}
	return ring, nil
}

func (c *APIKeysConfig) newMethod(keyPath string, _ methodDependencies) (method, error) {
	ring, err := c.inline(keyPath)
	if err != nil {
		return nil, err
	}
	if c.File != "" {
		if err := ring.addFile(c.File); err != nil {
			return nil, fmt.Errorf("%s.file: %w", keyPath, err)
		}
	}
	return &apiKeys{c.location(), ring.identities}, nil
}

type apiKeys struct {
	location   TokenLocation
	identities map[keyHash]*Identity
}

func (m *apiKeys) authenticate(_ context.Context, r *Request) (*Identity, error) {
	key, err := m.location.token(r)
	switch {
	case err != nil || key == "":
		return nil, err
	case len(key) < minAPIKeyLength || len(key) > maxAPIKeyLength:
		return nil, fmt.Errorf("%w: api_keys: the key has %d bytes, and not %d to %d", ErrInvalidCredentials, len(key), minAPIKeyLength, maxAPIKeyLength)
	}
	// The look-up takes a time that depends on how the hash begins, and that is all
	// there is to learn from it: who can find keys whose hashes begin as they like
	// knows no more of the key that has such a hash.
	owner, known := m.identities[sha256.Sum256([]byte(key))]
	switch {
	case !known && m.location.Header == authorization: // other methods have their tokens there
		return nil, fmt.Errorf("%w: api_keys: nobody has this key", errUnrecognized)
	case !known:
		return nil, fmt.Errorf("%w: api_keys: nobody has this key", ErrInvalidCredentials)
	}
	return owner, nil
}

func (m *apiKeys) headers() []string            { return []string{m.location.Header} }
func (m *apiKeys) usesAmbientCredentials() bool { return false }
func (m *apiKeys) close()                       {}
