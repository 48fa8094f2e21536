package jwt

import (
	"crypto/ed25519"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// verifier returns the key in the form that go-jose verifies a signature with.
func (k *key) verifier(algorithm jose.SignatureAlgorithm) any {
	if public, ok := k.material.(ed25519.PublicKey); ok && algorithm == fullyEd25519 {
		return ed25519Verifier(public)
	}
	return k.material
}

// ed25519Verifier verifies signatures of fullyEd25519, a name that go-jose does not
// know.
type ed25519Verifier ed25519.PublicKey

// VerifyPayload is that of jose.OpaqueVerifier.
func (v ed25519Verifier) VerifyPayload(payload, signature []byte, algorithm jose.SignatureAlgorithm) error {
	if algorithm != fullyEd25519 || !ed25519.Verify(ed25519.PublicKey(v), payload, signature) {
		return errors.New("the signature does not match the key")
	}
	return nil
}
