package jwt

import (
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Algorithms of RFC 7518 (3.1) and RFC 8037, by what kind of key they take.
var (
	hmacAlgorithms = []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
	rsaAlgorithms  = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	ecAlgorithms   = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512}
	edAlgorithms   = []jose.SignatureAlgorithm{jose.EdDSA}

	publicAlgorithms = slices.Concat(rsaAlgorithms, ecAlgorithms, edAlgorithms)
)

// ValidateAlgorithms says which of the names is of no algorithm that takes such a key: a
// secret, or a public key.
func ValidateAlgorithms(names []string, secret bool) error {
	takes, whose := publicAlgorithms, "public keys"
	if secret {
		takes, whose = hmacAlgorithms, "a secret"
	}
	for _, name := range names {
		if !slices.Contains(takes, jose.SignatureAlgorithm(name)) {
			return fmt.Errorf("%q is not one of those for %s: %s", name, whose, takes)
		}
	}
	return nil
}
