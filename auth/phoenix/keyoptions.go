package phoenix

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"github.com/louche-graphql/louche/internal/keypath"
)

// KeyOptions derive the key of tokens. They are the arguments and options of
// Phoenix.Token.sign/4, and must equal those of the application.
type KeyOptions struct {
	SecretKeyBase string
	Salt          string
	Iterations    int    // key_iterations
	Length        int    // key_length, in bytes
	Digest        string // key_digest: sha256, sha384 or sha512
}

// digests are the digests of PBKDF2. The digest of a signature is independent of it: each
// token names its own.
var digests = map[string]func() hash.Hash{
	"sha256": sha256.New,
	"sha384": sha512.New384,
	"sha512": sha512.New,
}

// Bounds of [KeyOptions]. Phoenix.Token requires MinSecretKeyBase bytes. A key of fewer
// than MinKeyLength bytes can be guessed. A key of more than MaxKeyLength bytes is a
// mistake. MaxIterations take seconds.
const (
	MinSecretKeyBase = 20
	MinKeyLength     = 16
	MaxKeyLength     = 1024
	MaxIterations    = 10_000_000
)

// Validate reports an invalid option by its name. It does not check SecretKeyBase.
func (k KeyOptions) Validate(encrypted bool) error {
	switch {
	case k.Salt == "":
		return keypath.Errorf("salt", "is missing; write the second argument of Phoenix.Token.sign")
	case k.Iterations < 1 || k.Iterations > MaxIterations:
		return keypath.Errorf("key_iterations", "%d is not between 1 and %d", k.Iterations, MaxIterations)
	case encrypted && k.Length != 16 && k.Length != 24 && k.Length != 32:
		return keypath.Errorf("key_length", "%d is not 32 (nor 16 or 24, which Plug.Crypto 1 also used for encryption)", k.Length)
	case k.Length < MinKeyLength || k.Length > MaxKeyLength:
		return keypath.Errorf("key_length", "%d is not between %d and %d", k.Length, MinKeyLength, MaxKeyLength)
	case digests[k.Digest] == nil:
		return keypath.Errorf("key_digest", "is not sha256, sha384 or sha512")
	}
	return nil
}

// derive returns the key. PBKDF2 is slow by design.
func (k KeyOptions) derive(encrypted bool) ([]byte, error) {
	if err := k.Validate(encrypted); err != nil {
		return nil, err
	}
	if len(k.SecretKeyBase) < MinSecretKeyBase {
		return nil, keypath.Errorf("secret_key_base", "is shorter than %d bytes; mix phx.gen.secret generates one of 64 bytes", MinSecretKeyBase)
	}
	return pbkdf2.Key(digests[k.Digest], k.SecretKeyBase, []byte(k.Salt), k.Iterations, k.Length)
}
