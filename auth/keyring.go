package auth

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/louche-graphql/louche/internal/secret"
)

// An APIKey is what is kept of a key that was handed out.
type APIKey struct {
	// Name is who has it; it becomes the claim sub.
	Name string `yaml:"name"`
	// SHA256 is the hash of the key, in hexadecimal digits. The key is random, so
	// that nothing slower is needed, as it would be for passwords.
	SHA256 string `yaml:"sha256"`
	// Claims are what else is known of them.
	Claims map[string]any `yaml:"claims,omitempty"`
}

// NewAPIKey makes a key, and what is to be kept of it.
func NewAPIKey(name string, claims map[string]any) (key string, kept APIKey, err error) {
	random := make([]byte, 32)
	rand.Read(random)
	key = "louche_" + base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(key))
	kept = APIKey{Name: name, SHA256: hex.EncodeToString(hash[:]), Claims: claims}
	return key, kept, newKeyring().add(kept)
}

type keyHash [sha256.Size]byte

// keyring are keys by their hash.
type keyring struct {
	identities map[keyHash]*Identity
	names      map[string]bool
}

func newKeyring() *keyring {
	return &keyring{identities: make(map[keyHash]*Identity), names: make(map[string]bool)}
}

func (k *keyring) add(key APIKey) error {
	hash, err := hex.DecodeString(key.SHA256)
	switch {
	case key.Name == "":
		return errors.New("name is missing")
	case k.names[key.Name]:
		return fmt.Errorf("name: there are two keys of %s; name them apart, such as %s-2", key.Name, key.Name)
	case err != nil || len(hash) != sha256.Size:
		// It is not shown: it may be the key itself.
		return fmt.Errorf("sha256 of %s is not the hash of a key, %d hexadecimal digits; louche key makes both", key.Name, 2*sha256.Size)
	}
	if owner, taken := k.identities[keyHash(hash)]; taken {
		return fmt.Errorf("sha256: %s has the same key as %s", key.Name, owner.Subject)
	}
	if _, given := key.Claims["sub"]; given {
		return fmt.Errorf("claims of %s: sub is the name", key.Name)
	}
	if _, err := appendConstant(nil, key.Claims); err != nil {
		return fmt.Errorf("claims of %s: %w", key.Name, err)
	}
	identity := &Identity{Method: "api_keys", Subject: key.Name, Claims: map[string]any{"sub": key.Name}}
	maps.Copy(identity.Claims, claimValue(key.Claims).(map[string]any))
	k.identities[keyHash(hash)], k.names[key.Name] = identity, true
	return nil
}

// keyFileEntry is a key that knows where it is written.
type keyFileEntry struct {
	APIKey
	line int
}

// UnmarshalYAML is that of [yaml.NodeUnmarshaler].
func (k *keyFileEntry) UnmarshalYAML(node ast.Node) error {
	k.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &k.APIKey, yaml.Strict())
}

// addFile adds those of a file. Errors name file and line.
func (k *keyring) addFile(path string) error {
	file, err := secret.ReadTrusted(path)
	if err != nil {
		return err
	}
	var keys []keyFileEntry
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	switch err := decoder.Decode(&keys); {
	case errors.Is(err, io.EOF):
		// Half a file is more likely than that all keys were taken back.
		return fmt.Errorf("%s is empty; if there are no keys, write []", path)
	case err != nil:
		// Without the source: beside the mistake there may be a key.
		return fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, false))
	}
	for _, key := range keys {
		if err := k.add(key.APIKey); err != nil {
			return fmt.Errorf("%s:%d: %w", path, key.line, err)
		}
	}
	return nil
}
