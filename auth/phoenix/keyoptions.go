package phoenix

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// KeyOptions says how the key is made that tokens are signed or encrypted with: the
// arguments of Phoenix.Token.sign/4 and its options, which have to be the same.
type KeyOptions struct {
	SecretKeyBase string
	Salt          string
	Iterations    int    // key_iterations
	Length        int    // key_length, in bytes
	Digest        string // key_digest: sha256, sha384 or sha512
}

// digests are those of PBKDF2. The one that tokens are signed with is another matter,
// which they say themselves.
var digests = map[string]func() hash.Hash{
	"sha256": sha256.New,
	"sha384": sha512.New384,
	"sha512": sha512.New,
}

// Bounds of a [KeyOptions]. The least secret_key_base is what Phoenix.Token demands. Keys
// shorter than 16 bytes can be guessed, longer ones than 1024 are a mistake, and so
// many iterations take seconds.
const (
	MinSecretKeyBase = 20
	MinKeyLength     = 16
	MaxKeyLength     = 1024
	MaxIterations    = 10_000_000
)

// Validate says what is wrong with the key, its secret aside, naming the option.
func (k KeyOptions) Validate(encrypted bool) error {
	switch {
	case k.Salt == "":
		return errors.New("salt is missing; it is the second argument of Phoenix.Token.sign")
	case k.Iterations < 1 || k.Iterations > MaxIterations:
		return fmt.Errorf("key_iterations %d is not 1 to %d", k.Iterations, MaxIterations)
	case encrypted && k.Length != 16 && k.Length != 24 && k.Length != 32:
		return fmt.Errorf("key_length %d is not 32 (or 16 or 24, for tokens that Plug.Crypto 1 encrypted)", k.Length)
	case k.Length < MinKeyLength || k.Length > MaxKeyLength:
		return fmt.Errorf("key_length %d is not %d to %d", k.Length, MinKeyLength, MaxKeyLength)
	case digests[k.Digest] == nil:
		return fmt.Errorf("key_digest %q is not sha256, sha384 or sha512", k.Digest)
	}
	return nil
}

// derive takes as long as an attacker should need for each guess.
func (k KeyOptions) derive(encrypted bool) ([]byte, error) {
	if err := k.Validate(encrypted); err != nil {
		return nil, err
	}
	if len(k.SecretKeyBase) < MinSecretKeyBase {
		return nil, fmt.Errorf("secret_key_base has fewer than %d bytes; mix phx.gen.secret makes one of 64", MinSecretKeyBase)
	}
	return pbkdf2.Key(digests[k.Digest], k.SecretKeyBase, []byte(k.Salt), k.Iterations, k.Length)
}
