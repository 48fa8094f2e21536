package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The keys of an issuer, one of each kind.
var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	p256       = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384       = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521       = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	_, ed, _   = ed25519.GenerateKey(rand.Reader)
	testSecret = []byte(strings.Repeat("0123456789abcdef", 4))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// signers are the private keys by algorithm.
func signers() map[jose.SignatureAlgorithm]any {
	return map[jose.SignatureAlgorithm]any{
		jose.HS256: testSecret, jose.HS384: testSecret, jose.HS512: testSecret,
		jose.RS256: rsaKey(), jose.RS384: rsaKey(), jose.RS512: rsaKey(),
		jose.PS256: rsaKey(), jose.PS384: rsaKey(), jose.PS512: rsaKey(),
		jose.ES256: p256, jose.ES384: p384, jose.ES512: p521, jose.EdDSA: ed, ed25519Algorithm: ed25519Signer{ed},
	}
}

// ed25519Signer signs as RFC 9864 has it, which go-jose does not know.
type ed25519Signer struct{ private ed25519.PrivateKey }

func (s ed25519Signer) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: s.private.Public()}
}

func (ed25519Signer) Algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{ed25519Algorithm}
}

func (s ed25519Signer) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return ed25519.Sign(s.private, payload), nil
}

// claims are the claims of a token. In changes, nil removes a claim.
type claims map[string]any

var now = time.Unix(1_800_000_000, 0)

// good returns valid claims at the time now, with changes.
func good(changes claims) claims {
	c := claims{"iss": "https://id.example.com/", "aud": "my-app", "sub": "user-1", "exp": now.Unix() + 60, "iat": now.Unix()}
	for name, v := range changes {
		c[name] = v
		if v == nil {
			delete(c, name)
		}
	}
	return c
}

// sign returns a token with additional headers, which may be invalid.
func sign(t testing.TB, algorithm jose.SignatureAlgorithm, key any, headers map[jose.HeaderKey]any, payload any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: headers}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, isText := payload.(string)
	if !isText {
		text = string(must(json.Marshal(payload)))
	}
	signed, err := signer.Sign([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return must(signed.CompactSerialize())
}

// keySet returns a key set of public keys by id.
func keySet(t testing.TB, keys map[string]any) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for id, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: id})
	}
	return string(must(json.Marshal(set)))
}

// issuers are all keys, as the gateway reads them.
func issuers(t testing.TB) (public, secret *Keys) {
	t.Helper()
	public, problems, err := ParseKeySet([]byte(keySet(t, map[string]any{
		"rsa": &rsaKey().PublicKey, "p256": &p256.PublicKey, "p384": &p384.PublicKey, "p521": &p521.PublicKey, "ed": ed.Public(),
	})))
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return public, must(NewHMACKeys(testSecret, nil))
}

func pemOf(typ string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
}

func spki(key any) []byte { return must(x509.MarshalPKIXPublicKey(key)) }

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// kid returns a header with the id of a key.
func kid(id string) map[jose.HeaderKey]any { return map[jose.HeaderKey]any{"kid": id, "typ": "JWT"} }
