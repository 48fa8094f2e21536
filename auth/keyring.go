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

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// An APIKey is the stored part of an API key.
type APIKey struct {
	// Name names the holder of the key. It becomes the claim sub.
	Name string `yaml:"name"`
	// SHA256 is the hash of the key in hexadecimal digits. The key is random, so a fast hash
	// suffices; only passwords need a slow one.
	SHA256 string `yaml:"sha256"`
	// Claims are the other claims of the holder.
	Claims map[string]any `yaml:"claims,omitempty"`
}

// NewAPIKey generates a key, and returns it with its stored part.
func NewAPIKey(name string, claims map[string]any) (key string, stored APIKey, err error) {
	random := make([]byte, 32)
	rand.Read(random)
	key = "louche_" + base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(key))
	stored = APIKey{Name: name, SHA256: hex.EncodeToString(hash[:]), Claims: claims}
	return key, stored, newKeyring().add(stored)
}

type keyHash [sha256.Size]byte

// A keyring holds the identities of API keys by the hash of the key.
type keyring struct {
	identities map[keyHash]*Identity
	names      map[string]bool
}

func newKeyring() *keyring {
	return &keyring{identities: make(map[keyHash]*Identity), names: make(map[string]bool)}
}

// add adds a key. Names and hashes are unique.
func (k *keyring) add(key APIKey) error {
	hash, err := hex.DecodeString(key.SHA256)
	switch {
	case key.Name == "":
		return errors.New("name is missing")
	case k.names[key.Name]:
		return fmt.Errorf("name: two keys have the name %s; rename one, for example to %s-2", keypath.Label(key.Name), keypath.Label(key.Name))
	case err != nil || len(hash) != sha256.Size:
		// The error does not contain the value, which may be the key itself.
		return fmt.Errorf("sha256 of %s is not a hash of %d hexadecimal digits; louche key prints a key and its hash", keypath.Label(key.Name), 2*sha256.Size)
	}
	if other, taken := k.identities[keyHash(hash)]; taken {
		return fmt.Errorf("sha256: %s has the same key as %s", keypath.Label(key.Name), keypath.Label(other.Subject))
	}
	if _, present := key.Claims["sub"]; present {
		return fmt.Errorf("claims of %s: sub is always the name; remove it", keypath.Label(key.Name))
	}
	if err := checkConstant(key.Claims); err != nil {
		return fmt.Errorf("claims of %s: %w", keypath.Label(key.Name), err)
	}
	identity := &Identity{Method: "api_keys", Subject: key.Name, Claims: map[string]any{"sub": key.Name}}
	maps.Copy(identity.Claims, claimValue(key.Claims).(map[string]any))
	k.identities[keyHash(hash)], k.names[key.Name] = identity, true
	return nil
}

// A keyFileEntry is a key of a file, with its line.
type keyFileEntry struct {
	APIKey
	line int
}

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (k *keyFileEntry) UnmarshalYAML(node ast.Node) error {
	k.line = node.GetToken().Position.Line
	return yaml.NodeToValue(node, &k.APIKey, yaml.Strict())
}

// addFile adds the keys of a file. Errors name file and line.
func (k *keyring) addFile(path string) error {
	file, err := secret.ReadTrusted(path)
	if err != nil {
		return err
	}
	var keys []keyFileEntry
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	switch err := decoder.Decode(&keys); {
	case errors.Is(err, io.EOF):
		// An empty file is more likely a mistake than the removal of all keys.
		return fmt.Errorf("%s is empty; write [] for no keys", path)
	case err != nil:
		// The error omits the source text, which may contain a key.
		return fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, false))
	}
	for _, key := range keys {
		if err := k.add(key.APIKey); err != nil {
			return fmt.Errorf("%s:%d: %w", path, key.line, err)
		}
	}
	return nil
}
