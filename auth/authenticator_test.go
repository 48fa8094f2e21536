package auth_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// parse parses an auth section and sets its defaults.
func parse(tb testing.TB, text string) *auth.Config {
	tb.Helper()
	var c auth.Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()); err != nil {
		tb.Fatal(yaml.FormatError(err, false, true))
	}
	c.SetDefaults()
	return &c
}

// newAuthenticator returns an Authenticator for an auth section.
func newAuthenticator(tb testing.TB, text string) *auth.Authenticator {
	tb.Helper()
	c := parse(tb, text)
	if err := c.Validate(true); err != nil {
		tb.Fatal(err)
	}
	a, err := auth.NewAuthenticator(*c, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Close)
	return a
}

// header returns a header of names and values.
func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func from(peer string, pairs ...string) *auth.Request {
	return &auth.Request{Peer: netip.MustParseAddr(peer), Header: header(pairs...)}
}

// Outcomes of Authenticate without an identity.
const (
	anonymous = "anonymous" // no credentials
	refused   = "refused"   // invalid credentials
)

func outcome(tb testing.TB, a *auth.Authenticator, r *auth.Request) string {
	tb.Helper()
	identity, err := a.Authenticate(tb.Context(), r)
	switch {
	case errors.Is(err, auth.ErrInvalidCredentials):
		return refused
	case errors.Is(err, auth.ErrUnauthenticated) || err == nil && identity == nil:
		return anonymous
	case err != nil:
		tb.Fatal(err)
	}
	return identity.Method + " " + identity.Subject
}

func TestValidate(t *testing.T) {
	const phoenix = "{phoenix_token: {secret_key_base: {env: A}, salt: user auth, "
	tests := []struct {
		method  string
		proxies bool
		want    string // empty: no error
	}{
		{"{}", true, "auth.methods[0] needs exactly one key"},
		{"{client_certificate: {}, proxy_headers: {subject: X-User-Id}}", true, "auth.methods[0] needs exactly one key"},
		{"{client_certificate: {}}", false, ""},

		{phoenix + "}}", false, ""},
		{"{phoenix_token: {salt: user auth}}", false, "auth.methods[0].phoenix_token.secret_key_base needs exactly one of file and env"},
		{"{phoenix_token: {secret_key_base: {env: A}}}", false, "auth.methods[0].phoenix_token.salt is missing"},
		{phoenix + "max_age: -1h}}", false, "auth.methods[0].phoenix_token.max_age"},
		{phoenix + "key_iterations: -1}}", false, "auth.methods[0].phoenix_token.key_iterations"},
		{phoenix + "key_length: 64}}", false, ""},
		{phoenix + "key_length: 64, encrypted: true}}", false, "auth.methods[0].phoenix_token.key_length"},
		{phoenix + "key_digest: md5}}", false, "auth.methods[0].phoenix_token.key_digest"},
		{phoenix + "header: X-Token, cookie: token}}", false, "auth.methods[0].phoenix_token has both header and cookie"},

		{"{api_keys: {}}", false, "auth.methods[0].api_keys needs file, keys or both"},
		{"{api_keys: {file: keys.yaml, header: 'X Key'}}", false, "auth.methods[0].api_keys.header"},
		{"{api_keys: {keys: [{name: a, sha256: short}]}}", false, "auth.methods[0].api_keys.keys[0]: sha256 of a"},

		{"{proxy_headers: {subject: X-User-Id}}", true, ""},
		{"{proxy_headers: {subject: X-User-Id, networks: [10.0.0.0/8]}}", false, ""},
		{"{proxy_headers: {subject: X-User-Id}}", false, "auth.methods[0].proxy_headers uses headers that every client can send"},
		{"{proxy_headers: {}}", true, "auth.methods[0].proxy_headers.subject is missing"},
		{"{proxy_headers: {subject: X User}}", true, "auth.methods[0].proxy_headers.subject"},
		{"{proxy_headers: {subject: X-User-Id, claims: {roles: ''}}}", true, "auth.methods[0].proxy_headers.claims.roles"},
		{"{proxy_headers: {subject: X-User-Id, claims: {sub: X-Sub}}}", true, "auth.methods[0].proxy_headers.claims.sub"},
	}
	for _, tt := range tests {
		err := parse(t, "methods: ["+tt.method+"]").Validate(tt.proxies)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.method, err, tt.want)
		}
	}
	// Validate reports all problems.
	err := parse(t, "methods: [{}, {api_keys: {}}]").Validate(true)
	if err == nil || !strings.Contains(err.Error(), "methods[0]") || !strings.Contains(err.Error(), "methods[1]") {
		t.Error(err)
	}
}

// A request with refused credentials in a header is never anonymous, whichever methods read
// the header, in any order.
func TestMethodsOfOneHeader(t *testing.T) {
	t.Setenv("SECRET_KEY_BASE", recordedSecret)
	t.Setenv("S", strings.Repeat("s", 32))
	key, kept := newKey(t, "billing", nil)
	methods := []string{
		"{jwt: {secret: {env: S}}}",
		"{phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth}}",
		"{phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: admin auth}}",
		"{api_keys: {header: Authorization, keys: [{name: billing, sha256: " + kept.SHA256 + "}]}}",
		"{phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth, cookie: token}}",
		"{proxy_headers: {subject: X-User-Id, networks: [10.0.0.0/8]}}",
	}
	user := phoenixSigned(t, "user auth", etf.AppendInt(nil, 7))
	for _, tt := range []struct {
		name string
		r    *auth.Request
		want string
	}{
		{"nothing", from("10.1.2.3"), anonymous},
		{"a token of one salt", from("10.1.2.3", "Authorization", "Bearer "+user), "phoenix_token 7"},
		{"of the other", from("10.1.2.3", "Authorization", "Bearer "+phoenixSigned(t, "admin auth", etf.AppendInt(nil, 8))), "phoenix_token 8"},
		{"of none", from("10.1.2.3", "Authorization", "Bearer "+phoenixSigned(t, "else", etf.AppendInt(nil, 7))), refused},
		{"a key", from("10.1.2.3", "Authorization", "Bearer "+key), "api_keys billing"},
		{"another key", from("10.1.2.3", "Authorization", "Bearer "+key+"A"), refused},
		{"what begins as a JWT", from("10.1.2.3", "Authorization", "Bearer eyJ.eyJ.AAAA"), refused},
		{"what no method knows", from("10.1.2.3", "Authorization", "Bearer x"), refused},
		{"two", from("10.1.2.3", "Authorization", "Bearer "+user, "Authorization", "Bearer "+user), refused},
		{"a bad cookie", from("10.1.2.3", "Cookie", "token=x"), anonymous},
		{"a cookie twice", from("10.1.2.3", "Cookie", "token="+user+"; token="+user), anonymous},
		{"a bad cookie beside a bad header", from("10.1.2.3", "Authorization", "Bearer x", "Cookie", "token=x"), refused},
		{"a bad cookie beside a key", from("10.1.2.3", "Authorization", "Bearer "+key, "Cookie", "token=x"), "api_keys billing"},
		{"a bad token beside the proxy's word", from("10.1.2.3", "Authorization", "Bearer x", "X-User-Id", "9"), "proxy_headers 9"},
		{"a bad token beside a stranger's word", from("11.1.2.3", "Authorization", "Bearer x", "X-User-Id", "9"), refused},
	} {
		for i := range methods {
			order := append(slices.Clone(methods[i:]), methods[:i]...)
			if got := outcome(t, newAuthenticator(t, "{anonymous: allow, methods: ["+strings.Join(order, ", ")+"]}"), tt.r); got != tt.want {
				t.Errorf("%s, from method %d on: %s, want %s", tt.name, i, got, tt.want)
			}
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	token, _ := goldenToken(b, "map of claims")
	encrypted, _ := goldenToken(b, "encrypted map")
	forYears := strings.ReplaceAll(phoenixMethods, "user auth", "user auth, max_age: 1000000h")
	key, kept := newKey(b, "billing", nil)
	for _, c := range []struct{ name, methods, header, value string }{
		{"signed", forYears, "Authorization", "Bearer " + token},
		{"encrypted", forYears, "Authorization", "Bearer " + encrypted},
		{"key", "methods: [{api_keys: {keys: [{name: billing, sha256: " + kept.SHA256 + "}]}}]", "X-Api-Key", key},
		{"headers", "methods: [{proxy_headers: {subject: X-User-Id, networks: [10.0.0.0/8]}}]", "X-User-Id", "42"},
	} {
		b.Run(c.name, func(b *testing.B) {
			a := newAuthenticator(b, c.methods)
			r := from("10.1.2.3", c.header, c.value)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Authenticate(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
