package jwt

import (
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// ed25519Algorithm is the name of EdDSA with an Ed25519 key in RFC 9864. Both names stand
// for the same signatures.
const ed25519Algorithm jose.SignatureAlgorithm = "Ed25519"

// Algorithms of RFC 7518 (3.1), RFC 8037 and RFC 9864 by kind of key.
var (
	hmacAlgorithms = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
	rsaAlgorithms  = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	ecAlgorithms   = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512}
	edAlgorithms   = []jose.SignatureAlgorithm{jose.EdDSA, ed25519Algorithm}

	publicAlgorithms = slices.Concat(rsaAlgorithms, ecAlgorithms, edAlgorithms)
)

// ValidateAlgorithms reports a name that is not an algorithm for secrets (HMAC), or, where
// secret is false, for public keys.
func ValidateAlgorithms(names []string, secret bool) error {
	supported, keys := publicAlgorithms, "public keys"
	if secret {
		supported, keys = hmacAlgorithms, "a secret"
	}
	for i, name := range names {
		if !slices.Contains(supported, jose.SignatureAlgorithm(name)) {
			return fmt.Errorf("element %d is not an algorithm for %s; use some of %s", i+1, keys, supported)
		}
	}
	return nil
}
