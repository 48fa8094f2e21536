package auth_test

import (
	"bufio"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// The key options of the golden tokens, and methods that accept them.
const (
	recordedSecret = "louche-secret-key-base-louche-secret-key-base-louche-secret-key-base-"
	phoenixMethods = `
methods:
  - phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth}
  - phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth, encrypted: true}
`
)

// goldenToken returns a recorded token and its signing time.
func goldenToken(tb testing.TB, name string) (token string, signed time.Time) {
	tb.Helper()
	tb.Setenv("SECRET_KEY_BASE", recordedSecret)
	file, err := os.Open("../testdata/golden/phoenix-tokens.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var line struct {
			Name, Token string
			SignedAt    int64 `json:"signed_at"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			tb.Fatal(err)
		}
		if line.Name == name {
			return line.Token, time.Unix(line.SignedAt, 0)
		}
	}
	tb.Fatalf("no token %q", name)
	panic("unreachable")
}

// at runs a test at a fake time after the start of synctest.
func at(t *testing.T, now time.Time, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		test(t)
	})
}

func TestPhoenixToken(t *testing.T) {
	token, signed := goldenToken(t, "map of claims")
	encrypted, _ := goldenToken(t, "encrypted integer")
	jwt := "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo"
	at(t, signed.Add(time.Hour), func(t *testing.T) {
		a := newAuthenticator(t, phoenixMethods)
		for _, tt := range []struct {
			name string
			r    *auth.Request
			want string
		}{
			{"signed", from("1.2.3.4", "Authorization", "Bearer "+token), "phoenix_token 42"},
			{"encrypted", from("1.2.3.4", "Authorization", "bearer "+encrypted), "phoenix_token 42"},
			{"no token", from("1.2.3.4"), anonymous},
			{"an empty one", from("1.2.3.4", "Authorization", "Bearer "), anonymous},
			{"another scheme", from("1.2.3.4", "Authorization", "Basic "+token), anonymous},
			{"another header", from("1.2.3.4", "X-Token", token), anonymous},
			{"another method's", from("1.2.3.4", "Authorization", "Bearer "+jwt), refused},
			{"tampered with", from("1.2.3.4", "Authorization", "Bearer "+token[:len(token)-1]), refused},
			{"twice", from("1.2.3.4", "Authorization", "Bearer "+token, "Authorization", "Bearer "+token), refused},
		} {
			if got := outcome(t, a, tt.r); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
		identity, err := a.Authenticate(t.Context(), from("1.2.3.4", "Authorization", "Bearer "+token))
		want := map[string]any{"sub": int64(42), "tenant": "acme", "roles": []any{"admin", "ops"}}
		if err != nil || !reflect.DeepEqual(identity.Claims, want) || !identity.Expires.Equal(signed.Add(24*time.Hour)) {
			t.Errorf("%+v, %v", identity, err)
		}
		if a.UsesAmbientCredentials() || !reflect.DeepEqual(a.Headers(), []string{"Authorization", "Authorization"}) {
			t.Errorf("%v, %v", a.UsesAmbientCredentials(), a.Headers())
		}
	})
	at(t, signed.Add(24*time.Hour+time.Second), func(t *testing.T) {
		_, err := newAuthenticator(t, phoenixMethods).Authenticate(t.Context(), from("1.2.3.4", "Authorization", "Bearer "+token))
		if err == nil || !strings.Contains(err.Error(), "expired") || strings.Contains(err.Error(), "acme") {
			t.Error(err)
		}
	})
}

// In a location of its own, text that is not a token is refused.
func TestPhoenixTokenElsewhere(t *testing.T) {
	token, signed := goldenToken(t, "integer user id")
	at(t, signed, func(t *testing.T) {
		const section = "{anonymous: allow, methods: [{phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth, max_age: 1m, "
		cookie := newAuthenticator(t, section+"cookie: token}}]}")
		elsewhere := newAuthenticator(t, section+"header: x-token}}]}")
		for _, tt := range []struct {
			name string
			a    *auth.Authenticator
			r    *auth.Request
			want string
		}{
			{"cookie", cookie, from("1.2.3.4", "Cookie", "a=b; token="+token), "phoenix_token 42"},
			{"a bad cookie, which the page cannot help", cookie, from("1.2.3.4", "Cookie", "token=x"), anonymous},
			{"header", elsewhere, from("1.2.3.4", "X-Token", token), "phoenix_token 42"},
			{"a bad header", elsewhere, from("1.2.3.4", "X-Token", "x"), refused},
		} {
			if got := outcome(t, tt.a, tt.r); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		}
		if !cookie.UsesAmbientCredentials() || elsewhere.UsesAmbientCredentials() {
			t.Error("only a cookie is an ambient credential")
		}
		time.Sleep(time.Minute + time.Millisecond)
		if got := outcome(t, elsewhere, from("1.2.3.4", "X-Token", token)); got != refused {
			t.Errorf("past max_age: %s", got)
		}
	})
}

// phoenixSigned returns a token of a term, as Phoenix.Token.sign makes it.
func phoenixSigned(tb testing.TB, salt string, term []byte) string {
	tb.Helper()
	key, err := pbkdf2.Key(sha256.New, recordedSecret, []byte(salt), 1000, 32)
	if err != nil {
		tb.Fatal(err)
	}
	payload := append(etf.AppendTuple([]byte{etf.Version}, 3), term...)
	payload = etf.AppendInt(etf.AppendInt(payload, time.Now().UnixMilli()), 86400)
	message := "SFMyNTY." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return message + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestPhoenixTokenSubjects(t *testing.T) {
	t.Setenv("SECRET_KEY_BASE", recordedSecret)
	const methods = "methods: [{phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: user auth}}, {phoenix_token: {secret_key_base: {env: SECRET_KEY_BASE}, salt: admin auth}}]"
	a := newAuthenticator(t, methods)
	term := func(b []byte, sub string) []byte { return etf.AppendBinary(b, sub) }
	hash := func(term []byte) string { return fmt.Sprintf("phoenix_token sha256:%x", sha256.Sum256(term)) }
	for _, tt := range []struct {
		name string
		term []byte
		want string
	}{
		{"text", term(nil, "7"), "phoenix_token 7"},
		{"an integer", etf.AppendInt(nil, 7), "phoenix_token 7"},
		{"a large integer", etf.AppendBig(nil, new(big.Int).Lsh(big.NewInt(1), 64)), "phoenix_token 18446744073709551616"},
		{"empty text", term(nil, ""), hash(term(nil, ""))},
		{"false", etf.AppendBool(nil, false), hash(etf.AppendBool(nil, false))},
		{"a map without sub", term(term(etf.AppendMap(nil, 1), "id"), "7"), hash(term(term(etf.AppendMap(nil, 1), "id"), "7"))},
		{"nil, the term of a user who is not logged in", etf.AppendAtom(nil, "nil"), refused},
	} {
		if got := outcome(t, a, from("1.2.3.4", "Authorization", "Bearer "+phoenixSigned(t, "user auth", tt.term))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	// The same subject under two salts is two identities.
	user, _ := a.Authenticate(t.Context(), from("1.2.3.4", "Authorization", "Bearer "+phoenixSigned(t, "user auth", term(nil, "7"))))
	admin, _ := a.Authenticate(t.Context(), from("1.2.3.4", "Authorization", "Bearer "+phoenixSigned(t, "admin auth", term(nil, "7"))))
	if user.Issuer != "user auth" || admin.Issuer != "admin auth" {
		t.Errorf("%+v, %+v", user, admin)
	}
}

func TestPhoenixTokenSecret(t *testing.T) {
	c := parse(t, phoenixMethods)
	for value, want := range map[string]string{"": "SECRET_KEY_BASE", "nineteen bytes long": "secret_key_base is shorter than 20 bytes"} {
		t.Setenv("SECRET_KEY_BASE", value)
		_, err := auth.NewAuthenticator(*c, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "auth.methods[0].phoenix_token.secret_key_base") || !strings.Contains(err.Error(), want) || value != "" && strings.Contains(err.Error(), value) {
			t.Error(err)
		}
	}
}
