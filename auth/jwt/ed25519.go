package jwt

import (
	"crypto/ed25519"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// verifier returns the key in the form that go-jose expects.
func (k *key) verifier(algorithm jose.SignatureAlgorithm) any {
	if public, ok := k.material.(ed25519.PublicKey); ok && algorithm == ed25519Algorithm {
		return ed25519Verifier(public)
	}
	return k.material
}

// ed25519Verifier verifies signatures of ed25519Algorithm, which go-jose does not
// support.
type ed25519Verifier ed25519.PublicKey

// VerifyPayload implements [jose.OpaqueVerifier].
func (v ed25519Verifier) VerifyPayload(payload, signature []byte, algorithm jose.SignatureAlgorithm) error {
	if algorithm != ed25519Algorithm || !ed25519.Verify(ed25519.PublicKey(v), payload, signature) {
		return errors.New("the signature does not match the key")
	}
	return nil
}
