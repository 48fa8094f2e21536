package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth/jwt"
)

const jwtSecret = "0123456789abcdef0123456789abcdef"

// signed returns a token that is valid for a minute. In changes, nil removes a claim.
func signed(t testing.TB, algorithm jose.SignatureAlgorithm, key any, id string, changes map[string]any) string {
	t.Helper()
	claims := map[string]any{"iss": "https://id.example.com/", "aud": "my-app", "sub": "user-1", "exp": time.Now().Unix() + 60}
	for name, v := range changes {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	options := &jose.SignerOptions{}
	if id != "" {
		options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
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

// authSection parses and validates an auth section.
func authSection(t testing.TB, text string) (cfg Config, err error) {
	t.Helper()
	if err := yaml.UnmarshalWithOptions([]byte(text), &cfg, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	cfg.SetDefaults()
	return cfg, cfg.Validate(true)
}

func authenticator(t testing.TB, former *Authenticator, text string) *Authenticator {
	t.Helper()
	cfg, err := authSection(t, text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthenticator(cfg, former, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func bearer(token string) *Request {
	return &Request{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

func TestJWTConfig(t *testing.T) {
	for text, want := range map[string]string{
		"{secret: {env: S}}": "",
		"{issuer: 'https://id.example.com/', audience: [a], jwks: 'https://id.example.com/keys'}":                     "",
		"{issuer: 'https://id.example.com/', audience: [], discover: true, ca_file: ca.pem, leeway: 1m, refresh: 1h}": "",
		"{secret: {env: S}, algorithms: [HS512], cookie: session}":                                                    "",
		"{public_key_file: k.pem, algorithms: [ES256, EdDSA, Ed25519], header: X-Token}":                              "",
		"{}": "exactly one",
		"{secret: {env: S}, public_key_file: k.pem}":                                           "exactly one",
		"{secret: {env: S, file: f}}":                                                          "secret needs exactly one",
		"{discover: true, audience: [a]}":                                                      "issuer is needed",
		"{jwks: 'https://id.example.com/keys', audience: [a]}":                                 "issuer is needed",
		"{issuer: 'https://id.example.com/', discover: true}":                                  "audience is needed",
		"{issuer: 'http://id.example.com/', audience: [a], discover: true}":                    "issuer: keys are fetched",
		"{issuer: i, audience: [a], jwks: 'http://id.example.com/keys'}":                       "jwks: keys are fetched",
		"{issuer: i, audience: [a], jwks: 'https://id.example.com/keys', algorithms: [HS256]}": "algorithms: element ",
		"{public_key_file: k.pem, algorithms: [RS256, HS256]}":                                 "algorithms: element ",
		"{secret: {env: S}, algorithms: [RS256]}":                                              "algorithms: element ",
		"{secret: {env: S}, algorithms: [none]}":                                               "algorithms: element ",
		"{public_key_file: k.pem, algorithms: [none]}":                                         "algorithms: element ",
		"{secret: {env: S}, leeway: 1h}":                                                       "leeway",
		"{secret: {env: S}, leeway: -1s}":                                                      "leeway",
		"{secret: {env: S}, ca_file: f}":                                                       "ca_file",
		"{issuer: i, audience: [a], jwks: 'https://id.example.com/keys', refresh: 1s}":         "refresh",
		"{secret: {env: S}, header: X, cookie: y}":                                             "remove one",
	} {
		_, err := authSection(t, "methods: [{jwt: "+text+"}]")
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "auth.methods[0].jwt")) {
			t.Errorf("%s: %v", text, err)
		}
	}
	t.Setenv("S", "short-hunter2")
	cfg, err := authSection(t, "methods: [{jwt: {secret: {env: S}}}]")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewAuthenticator(cfg, nil, slog.Default()); err == nil || !strings.Contains(err.Error(), "13 bytes") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a short secret: %v", err)
	}
}

func TestJWTIdentity(t *testing.T) {
	t.Setenv("S", jwtSecret)
	a := authenticator(t, nil, "methods: [{jwt: {secret: {env: S}, audience: [my-app]}}]")
	defer a.Close()
	key := []byte(jwtSecret)
	for range 2 { // first verified, then cached
		identity, err := a.Authenticate(t.Context(), bearer(signed(t, jose.HS256, key, "", map[string]any{"n": 1, "exp": 4000000000})))
		if err != nil || identity.Method != "jwt" || identity.Issuer != "https://id.example.com/" || identity.Subject != "user-1" || identity.Claims["n"] != int64(1) || identity.Expires.Unix() != 4000000030 {
			t.Errorf("%+v, %v", identity, err)
		}
	}
	for _, tt := range []struct {
		sub  any
		want string
	}{{42, "42"}, {"42", "42"}, {json.Number("9223372036854775808"), "9223372036854775808"}, {nil, "sha256:"}, {"", "sha256:"}, {true, "sha256:"}, {1.5, "sha256:"}, {map[string]any{}, "sha256:"}} {
		identity, err := a.Authenticate(t.Context(), bearer(signed(t, jose.HS256, key, "", map[string]any{"sub": tt.sub})))
		if err != nil || !strings.HasPrefix(identity.Subject, tt.want) {
			t.Errorf("sub %v: %+v, %v", tt.sub, identity, err)
		}
	}
	one, _ := a.Authenticate(t.Context(), bearer(signed(t, jose.HS256, key, "", map[string]any{"sub": nil, "user": 1})))
	two, _ := a.Authenticate(t.Context(), bearer(signed(t, jose.HS256, key, "", map[string]any{"sub": nil, "user": 2})))
	if one.Subject == two.Subject {
		t.Error("two tokens without sub are the same identity")
	}
	for name, r := range map[string]*Request{
		"nothing":           {Header: http.Header{}},
		"another scheme":    {Header: http.Header{"Authorization": {"Basic " + signed(t, jose.HS256, key, "", nil)}}},
		"in another header": {Header: http.Header{"X-Token": {signed(t, jose.HS256, key, "", nil)}}},
		"too large":         bearer(strings.Repeat("x", jwt.MaxTokenSize+1)),
		"another secret":    bearer(signed(t, jose.HS256, []byte(strings.Repeat("x", 32)), "", nil)),
		"expired":           bearer(signed(t, jose.HS256, key, "", map[string]any{"exp": 1})),
		"twice":             {Header: http.Header{"Authorization": {"Bearer " + signed(t, jose.HS256, key, "", nil), "Bearer x"}}},
	} {
		if identity, err := a.Authenticate(t.Context(), r); identity != nil || !errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrInvalidCredentials) == (name == "nothing" || strings.Contains(name, "another ") && name != "another secret" || strings.Contains(name, "in another")) {
			t.Errorf("%s: %v, %v", name, identity, err)
		}
	}
}

// The cache does not return an expired token, nor one that other keys verified.
func TestTokenCache(t *testing.T) {
	c, hash, now := newTokenCache(), [32]byte{1}, time.Now()
	identity := &Identity{Expires: now.Add(time.Minute)}
	keys, others := new(jwt.Keys), new(jwt.Keys)
	c.add(hash, 100, keys, identity)
	if c.get(hash, keys, now) != identity || c.get(hash, keys, now.Add(59*time.Second)) != identity {
		t.Error("a valid token is not in the cache")
	}
	if c.get(hash, keys, now.Add(time.Minute)) != nil {
		t.Error("the cache returns an expired token")
	}
	if c.get(hash, others, now) != nil || c.get([32]byte{2}, keys, now) != nil {
		t.Error("the cache returns a token for other keys, or another token")
	}
	c.add(hash, 100, nil, &Identity{})
	if c.get(hash, nil, now.Add(time.Hour)) == nil {
		t.Error("a token without expiry is not in the cache")
	}
	for i := range 2 * maxCachedTokens {
		c.add([32]byte{0, byte(i), byte(i >> 8)}, 100, keys, identity)
	}
	if n := c.tokens.Len(); n != maxCachedTokens {
		t.Errorf("the cache holds %d tokens", n)
	}
	for i := range maxCachedTokens { // as long as a header may be
		c.add([32]byte{1, byte(i), byte(i >> 8)}, 60<<10, keys, identity)
	}
	if n := c.tokens.Len(); n*60<<10*claimSize > maxCachedTokenBytes || n == 0 {
		t.Errorf("the cache holds %d tokens of 60 KiB", n)
	}
}

// A provider is an issuer with replaceable keys.
type provider struct {
	*httptest.Server
	set     atomic.Pointer[string]
	fetches atomic.Int32
}

func newProvider(t *testing.T, keys map[string]crypto.PublicKey) *provider {
	t.Helper()
	p := &provider{}
	p.publish(keys)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		fmt.Fprint(w, *p.set.Load())
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) publish(keys map[string]crypto.PublicKey) {
	var set jose.JSONWebKeySet
	for id, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: id})
	}
	text, _ := json.Marshal(set)
	s := string(text)
	p.set.Store(&s)
}

// dead is the address of an issuer that does not listen. No program gets this port by chance.
const dead = "http://127.0.0.1:1/keys"

// Each of several issuers has its own keys.
func TestSeveralIssuers(t *testing.T) {
	one, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	two, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	first := newProvider(t, map[string]crypto.PublicKey{"k": &one.PublicKey})
	second := newProvider(t, map[string]crypto.PublicKey{"k": &two.PublicKey})
	a := authenticator(t, nil, fmt.Sprintf(`methods:
  - jwt: {issuer: one, audience: [my-app], jwks: %s}
  - jwt: {issuer: two, audience: [my-app], jwks: %s}
  - jwt: {issuer: dead, audience: [my-app], jwks: %s}`, first.URL, second.URL, dead))
	defer a.Close()
	for _, tt := range []struct {
		issuer string
		key    *ecdsa.PrivateKey
		aud    string
		want   error
		text   string
	}{
		{"one", one, "my-app", nil, ""},
		{"two", two, "my-app", nil, ""},
		{"two", one, "my-app", ErrInvalidCredentials, "signature"},
		{"one", two, "my-app", ErrInvalidCredentials, "signature"},
		{"one", one, "other", ErrInvalidCredentials, "aud"},
		{"two", two, "other", ErrInvalidCredentials, "aud"},
		{"three", one, "my-app", ErrInvalidCredentials, "another issuer"},
		{"dead", one, "my-app", ErrUnavailable, "fetched"},
		{"dead", one, "other", ErrInvalidCredentials, "aud"},
	} {
		identity, err := a.Authenticate(t.Context(), bearer(signed(t, jose.ES256, tt.key, "k", map[string]any{"iss": tt.issuer, "aud": tt.aud})))
		if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.text) || err == nil && identity.Issuer != tt.issuer {
			t.Errorf("%+v: %v, %v", tt, identity, err)
		}
		if errors.Is(err, ErrUnavailable) && errors.Is(err, ErrUnauthenticated) {
			t.Error("credentials that cannot be checked are refused")
		}
	}
	for _, set := range a.KeySetStatuses() {
		if isDead := set.Issuer == "dead"; (set.Problem != nil) != isDead || (set.Keys == 0) != isDead {
			t.Errorf("%+v", set)
		}
	}
}

// A request with a cookie whose issuer cannot be reached is not anonymous.
func TestUnavailableCookie(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a := authenticator(t, nil, fmt.Sprintf(`{anonymous: allow, methods: [{jwt: {issuer: i, audience: [], jwks: %s, cookie: session}}]}`, dead))
	defer a.Close()
	ask := func(token string) (*Identity, error) {
		return a.Authenticate(t.Context(), &Request{Header: http.Header{"Cookie": {"session=" + token}}})
	}
	if identity, err := ask("x.y.z"); identity != nil || err != nil {
		t.Errorf("a refused cookie counts as none: %v, %v", identity, err)
	}
	if identity, err := ask(signed(t, jose.ES256, key, "k", map[string]any{"iss": "i"})); identity != nil || !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, %v", identity, err)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the client left"))
	if _, err := a.Authenticate(gone, &Request{Header: http.Header{"Cookie": {"session=x"}}}); err == nil || err.Error() != "the client left" {
		t.Error(err)
	}
}

// A reload reuses fetched key sets, and stops fetching unused ones.
func TestReload(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p := newProvider(t, map[string]crypto.PublicKey{"k": &key.PublicKey})
	text := fmt.Sprintf("methods: [{jwt: {issuer: i, audience: [my-app], jwks: %s}}, {jwt: {issuer: i, audience: [my-app], jwks: %s, cookie: c}}]", p.URL, p.URL)
	token := bearer(signed(t, jose.ES256, key, "k", map[string]any{"iss": "i"}))
	first := authenticator(t, nil, text)
	if _, err := first.Authenticate(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	second := authenticator(t, first, text)
	first.Close()
	p.Close() // so that only the fetched keys are available
	if _, err := second.Authenticate(t.Context(), token); err != nil || p.fetches.Load() != 1 || len(second.KeySetStatuses()) != 1 {
		t.Errorf("%v, %d fetches, %d key sets", err, p.fetches.Load(), len(second.KeySetStatuses()))
	}
	third := authenticator(t, second, strings.ReplaceAll(text, "my-app", "their-app"))
	defer third.Close()
	if _, err := third.Authenticate(t.Context(), token); !errors.Is(err, ErrInvalidCredentials) {
		t.Errorf("a reload keeps a cached token that its configuration refuses: %v", err)
	}
	second.Close()
}

func TestKeyFiles(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k"}}})
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, line := range map[string]string{
		"public_key_file": file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"jwks_file":       file("keys.json", set),
	} {
		a := authenticator(t, nil, fmt.Sprintf("methods: [{jwt: {audience: [my-app], %s: %s}}]", name, line))
		if _, err := a.Authenticate(t.Context(), bearer(signed(t, jose.ES256, key, "k", nil))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, line := range map[string]string{
		"public_key_file": file("private.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"})),
		"jwks_file":       file("secret.json", []byte(`{"keys":[{"kty":"oct","k":"aHVudGVyMg"}]}`)),
	} {
		cfg, err := authSection(t, fmt.Sprintf("methods: [{jwt: {%s: %s}}]", name, line))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewAuthenticator(cfg, nil, slog.Default()); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), line) || strings.Contains(err.Error(), "aHVudGVyMg") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkJWT(b *testing.B) {
	b.Setenv("S", jwtSecret)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	claims := map[string]any{"scope": "read write", "realm_access": map[string]any{"roles": []string{"admin", "user"}}, "tenant": "acme", "iat": time.Now().Unix(), "exp": time.Now().Unix() + 3600}
	for _, bench := range []struct {
		algorithm jose.SignatureAlgorithm
		key       any
		public    any
	}{
		{jose.HS256, []byte(jwtSecret), nil},
		{jose.RS256, rsaKey, &rsaKey.PublicKey},
		{jose.ES256, ecKey, &ecKey.PublicKey},
		{jose.EdDSA, edKey, edKey.Public()},
	} {
		keys := "secret: {env: S}"
		if bench.public != nil {
			der, err := x509.MarshalPKIXPublicKey(bench.public)
			if err != nil {
				b.Fatal(err)
			}
			path := filepath.Join(b.TempDir(), "key.pem")
			os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600)
			keys = "public_key_file: " + path
		}
		a := authenticator(b, nil, "methods: [{jwt: {audience: [my-app], "+keys+"}}]")
		request := bearer(signed(b, bench.algorithm, bench.key, "", claims))
		for _, cached := range []bool{false, true} {
			name := string(bench.algorithm)
			if cached {
				name += "/remembered"
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !cached {
						a.methods[0].(*jwtMethod).cache = newTokenCache()
					}
					if _, err := a.Authenticate(b.Context(), request); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
