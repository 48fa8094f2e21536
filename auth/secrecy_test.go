package auth_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/louche-graphql/louche/auth"
)

// The log has the reason of a refusal, and no part of the credentials, even of nearly valid
// ones.
func TestErrorsContainNoCredentials(t *testing.T) {
	const secret, value = "s3cret-that-tokens-are-signed-with", "s3cret-of-a-claim"
	t.Setenv("S", secret)
	sign := func(key string, changes map[string]any) string {
		claims := map[string]any{"iss": "us", "aud": "my-app", "sub": value, "exp": 4102444800}
		for name, v := range changes {
			claims[name] = v
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(key)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := json.Marshal(claims)
		signed, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := signed.CompactSerialize()
		return text
	}
	good := sign(secret, nil)
	phoenix, _ := goldenToken(t, "map of claims") // which has expired
	key, kept := newKey(t, "billing", nil)
	all := newAuthenticator(t, phoenixMethods+`
  - jwt: {secret: {env: S}, issuer: us, audience: [my-app]}
  - jwt: {secret: {env: S}, issuer: us, audience: [my-app], cookie: token}
  - api_keys: {keys: [{name: billing, sha256: `+kept.SHA256+`}]}
  - proxy_headers: {subject: X-User-Id, claims: {email: X-Email}, networks: [10.0.0.0/8]}`)
	keysAlone := newAuthenticator(t, `methods: [{api_keys: {header: Authorization, keys: [{name: billing, sha256: `+kept.SHA256+`}]}}]`)
	for _, pairs := range [][]string{
		{"Authorization", "Bearer " + value},
		{"Authorization", "Bearer ey" + value + "." + value + "." + value},
		{"Authorization", "Bearer " + good + "." + value},
		{"Authorization", "Bearer " + good[:len(good)-8]},
		{"Authorization", "Bearer " + good, "Authorization", "Bearer " + value},
		{"Authorization", "Bearer " + sign("another "+secret, nil)},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"iss": value})},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"aud": value})},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"aud": map[string]any{value: value}})},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"exp": value})},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"exp": 1})},
		{"Authorization", "Bearer " + sign(secret, map[string]any{"nbf": 4102444700})},
		{"Cookie", "token=" + sign(secret, map[string]any{"aud": value})},
		{"Cookie", "token=" + value},
		{"Cookie", "token=" + good + "; token=" + value},
		{"Authorization", "Bearer " + phoenix},
		{"Authorization", "Bearer " + phoenix[:len(phoenix)-8]},
		{"Authorization", "Bearer " + phoenix[:strings.LastIndex(phoenix, ".")] + "." + value},
		{"Authorization", "Bearer SFMyNTY." + value},
		{"X-Api-Key", value},
		{"X-Api-Key", value + "-" + value},
		{"X-Api-Key", key, "X-Api-Key", value},
		{"X-Api-Key", strings.Repeat(value, 100)},
		{"X-User-Id", value, "X-User-Id", key},
		{"X-User-Id", value, "X-Email", value, "X-Email", key},
	} {
		for _, a := range []*auth.Authenticator{all, keysAlone} {
			_, err := a.Authenticate(t.Context(), from("10.1.2.3", pairs...))
			if a == all && !errors.Is(err, auth.ErrInvalidCredentials) {
				t.Errorf("%q: %v", pairs, err)
			}
			if err == nil {
				continue
			}
			for i := 1; i < len(pairs); i += 2 {
				for _, part := range strings.FieldsFunc(pairs[i], func(r rune) bool { return strings.ContainsRune(" .;=", r) }) {
					if len(part) >= 8 && strings.Contains(err.Error(), part) {
						t.Errorf("%q is in %q", part, err)
					}
				}
			}
			if strings.Contains(err.Error(), "s3cret") { // of claims
				t.Errorf("%q: %v", pairs, err)
			}
		}
	}
}
