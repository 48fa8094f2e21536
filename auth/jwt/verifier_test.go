package jwt

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

var rules = Verifier{Issuer: "https://id.example.com/", Audience: []string{"other-app", "my-app"}, Leeway: 30 * time.Second}

// Each algorithm, with a valid token and every way in which one can be invalid.
func TestAlgorithms(t *testing.T) {
	public, secret := issuers(t)
	for algorithm, key := range signers() {
		t.Run(string(algorithm), func(t *testing.T) {
			keys := public
			if slices.Contains(hmacAlgorithms, algorithm) {
				keys = secret
			}
			text := sign(t, algorithm, key, map[jose.HeaderKey]any{"typ": "JWT"}, good(nil))
			token, err := rules.Verify(text, keys, now)
			if err != nil || token.Claims["sub"] != "user-1" || !token.Expires.Equal(now.Add(90*time.Second)) {
				t.Fatal(token, err)
			}
			narrowed := rules
			narrowed.Algorithms = []string{string(algorithm)}
			if _, err := narrowed.Verify(text, keys, now); err != nil {
				t.Errorf("with the algorithm configured: %v", err)
			}
			for other := range signers() {
				if narrowed.Algorithms[0] = string(other); other != algorithm {
					if _, err := narrowed.Verify(text, keys, now); err == nil {
						t.Errorf("taken where only %s is configured", other)
					}
				}
			}
			refused := func(what, text string) {
				t.Helper()
				if token, err := rules.Verify(text, keys, now); err == nil || token != nil {
					t.Errorf("%s: taken", what)
				}
			}
			for i := range len(text) {
				if i > 200 && i < len(text)-200 && i%7 != 0 { // RSA signatures are long and slow to verify
					continue
				}
				other := byte('A')
				if text[i] == 'A' {
					other = 'B'
				}
				refused(fmt.Sprintf("byte %d changed", i), text[:i]+string(other)+text[i+1:])
				refused(fmt.Sprintf("cut off at %d", i), text[:i])
			}
			header, rest, _ := strings.Cut(text, ".")
			payload, signature, _ := strings.Cut(rest, ".")
			refused("other claims", header+"."+b64(`{"iss":"https://id.example.com/","aud":"my-app","sub":"root","exp":1800000060}`)+"."+signature)
			refused("no signature", header+"."+payload+".")
			refused("padded", text+"=")
			refused("line break", text+"\n")
			refused("line break inside", header+".\r\n"+payload+"."+signature)
			refused("white space", " "+text)
			refused("another part", text+".e30")
			refused("JSON serialization", fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, header, payload, signature))
			refused("a signature twice", text+signature)
			for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
				h := b64(fmt.Sprintf(`{"alg":%q}`, none))
				refused("alg "+none, h+"."+payload+".")
				refused("alg "+none, h+"."+payload+"."+signature)
			}
			for other := range signers() {
				if other != algorithm {
					refused("as "+string(other), b64(fmt.Sprintf(`{"alg":%q}`, other))+"."+payload+"."+signature)
				}
			}
			if _, err := rules.Verify(text, &Keys{}, now); !errors.Is(err, ErrUnknownKey) {
				t.Errorf("without keys: %v", err)
			}
		})
	}
}

// Public keys are public: a token whose HMAC key is a public key is refused.
func TestConfusion(t *testing.T) {
	public, secret := issuers(t)
	fromPEM := must(ParsePublicKeys([]byte(pemOf("PUBLIC KEY", spki(&rsaKey().PublicKey)))))
	der := spki(&rsaKey().PublicKey)
	for what, known := range map[string][]byte{
		"DER":                    der,
		"PEM":                    []byte(pemOf("PUBLIC KEY", der)),
		"PEM without line break": []byte(strings.TrimSpace(pemOf("PUBLIC KEY", der))),
		"modulus":                rsaKey().N.Bytes(),
		"Ed25519":                ed.Public().(ed25519.PublicKey),
		"key set":                []byte(keySet(t, map[string]any{"rsa": &rsaKey().PublicKey})),
	} {
		for _, headers := range []map[jose.HeaderKey]any{nil, kid("rsa"), kid("ed")} {
			text := sign(t, jose.HS256, known, headers, good(nil))
			for _, keys := range []*Keys{public, fromPEM, secret} {
				if _, err := rules.Verify(text, keys, now); err == nil {
					t.Errorf("%s: taken", what)
				}
			}
		}
	}
}

func TestClaims(t *testing.T) {
	_, keys := issuers(t)
	at := now.Unix()
	for name, tt := range map[string]struct {
		change claims
		fine   bool
	}{
		"good":                        {nil, true},
		"another issuer":              {claims{"iss": "https://id.example.com"}, false},
		"issuer in a list":            {claims{"iss": []string{"https://id.example.com/"}}, false},
		"no issuer":                   {claims{"iss": nil}, false},
		"another audience":            {claims{"aud": "their-app"}, false},
		"audience that begins so":     {claims{"aud": "my-app2"}, false},
		"audience in other case":      {claims{"aud": "My-App"}, false},
		"no audience":                 {claims{"aud": nil}, false},
		"empty audience":              {claims{"aud": []string{}}, false},
		"audience of numbers":         {claims{"aud": []any{1, map[string]any{}}}, false},
		"one of several":              {claims{"aud": []string{"their-app", "my-app"}}, true},
		"no expiry":                   {claims{"exp": nil}, false},
		"expired":                     {claims{"exp": at - 30}, false},
		"expired within leeway":       {claims{"exp": at - 29}, true},
		"expired, with a fraction":    {claims{"exp": float64(at) - 30.5}, false},
		"expiry with a fraction":      {claims{"exp": float64(at) - 29.5}, true},
		"expiry as text":              {claims{"exp": fmt.Sprint(at + 60)}, false},
		"expiry null":                 {claims{"exp": json.RawMessage("null")}, false},
		"negative expiry":             {claims{"exp": -1}, false},
		"expiry in the year 10000":    {claims{"exp": 253402300800}, false},
		"expiry in the year 9999":     {claims{"exp": 253402300799}, true},
		"expiry in milliseconds":      {claims{"exp": (at + 60) * 1000}, false},
		"expiry past int64":           {claims{"exp": json.RawMessage("99999999999999999999")}, false},
		"expiry past float64":         {claims{"exp": json.RawMessage("1e999")}, false},
		"expiry 1e300":                {claims{"exp": json.RawMessage("1e300")}, false},
		"not yet":                     {claims{"nbf": at + 31}, false},
		"not yet, within leeway":      {claims{"nbf": at + 30}, true},
		"not yet as text":             {claims{"nbf": "0"}, false},
		"issued in the future":        {claims{"iat": at + 31}, false},
		"issued in the near future":   {claims{"iat": at + 30}, true},
		"issued at no time":           {claims{"iat": true}, false},
		"without iat":                 {claims{"iat": nil}, true},
		"nested as deep as may be":    {claims{"deep": json.RawMessage(strings.Repeat("[", 31) + strings.Repeat("]", 31))}, true},
		"nested too deep":             {claims{"deep": json.RawMessage(strings.Repeat("[", 40) + strings.Repeat("]", 40))}, false},
		"a number of 1000 digits":     {claims{"n": json.RawMessage(strings.Repeat("9", 1000))}, true},
		"a number of 1001 digits":     {claims{"n": json.RawMessage(strings.Repeat("9", 1001))}, false},
		"a claim as large as a token": {claims{"x": strings.Repeat("x", MaxTokenSize)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := rules.Verify(sign(t, jose.HS256, testSecret, nil, good(tt.change)), keys, now)
			if (err == nil) != tt.fine {
				t.Error(err)
			}
			if _, foreign := tt.change["iss"]; errors.Is(err, ErrOtherIssuer) != foreign {
				t.Errorf("foreign: %v", err)
			}
		})
	}
}

func TestAudience(t *testing.T) {
	_, keys := issuers(t)
	with, without := sign(t, jose.HS256, testSecret, nil, good(nil)), sign(t, jose.HS256, testSecret, nil, good(claims{"aud": nil}))
	for _, tt := range []struct {
		audience      []string
		with, without bool
	}{
		{nil, false, true},
		{[]string{}, true, true},
		{[]string{"my-app"}, true, false},
	} {
		r := Verifier{Audience: tt.audience}
		if _, err := r.Verify(with, keys, now); (err == nil) != tt.with {
			t.Errorf("%#v, with aud: %v", tt.audience, err)
		}
		if _, err := r.Verify(without, keys, now); (err == nil) != tt.without {
			t.Errorf("%#v, without aud: %v", tt.audience, err)
		}
	}
}

// Header parameters other than alg and kid.
func TestHeader(t *testing.T) {
	public, _ := issuers(t)
	mine := jose.JSONWebKey{Key: &otherRSA().PublicKey, KeyID: "mine"}
	for name, tt := range map[string]struct {
		headers map[jose.HeaderKey]any
		fine    bool
	}{
		"nothing":              {nil, true},
		"JWT":                  {map[jose.HeaderKey]any{"typ": "JWT"}, true},
		"jwt":                  {map[jose.HeaderKey]any{"typ": "jwt"}, true},
		"an access token":      {map[jose.HeaderKey]any{"typ": "at+jwt"}, true},
		"with application":     {map[jose.HeaderKey]any{"typ": "application/at+JWT"}, true},
		"a logout token":       {map[jose.HeaderKey]any{"typ": "logout+jwt"}, false},
		"a proof":              {map[jose.HeaderKey]any{"typ": "dpop+jwt"}, false},
		"a security event":     {map[jose.HeaderKey]any{"typ": "secevent+jwt"}, false},
		"typ no text":          {map[jose.HeaderKey]any{"typ": 1}, false},
		"typ empty":            {map[jose.HeaderKey]any{"typ": ""}, false},
		"nested":               {map[jose.HeaderKey]any{"cty": "JWT"}, false},
		"crit":                 {map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}, false},
		"crit of nothing":      {map[jose.HeaderKey]any{"crit": []string{}}, false},
		"b64":                  {map[jose.HeaderKey]any{"b64": true, "crit": []string{"b64"}}, false},
		"the key's id":         {kid("rsa"), true},
		"another key's id":     {kid("p256"), false},
		"an unknown id":        {kid("mine"), false},
		"an id no text":        {map[jose.HeaderKey]any{"kid": 1}, false},
		"a place of keys":      {map[jose.HeaderKey]any{"jku": "https://evil.example/", "x5u": "https://evil.example/"}, true},
		"another public key":   {map[jose.HeaderKey]any{"jwk": mine}, true},
		"a key that is none":   {map[jose.HeaderKey]any{"jwk": 1}, false},
		"an id that is a path": {kid("../../../dev/null"), false},
	} {
		t.Run(name, func(t *testing.T) {
			text := sign(t, jose.RS256, rsaKey(), tt.headers, good(nil))
			if _, err := rules.Verify(text, public, now); (err == nil) != tt.fine {
				t.Error(err)
			}
			// The key in the header is ignored, so the token stays refused.
			if _, err := rules.Verify(sign(t, jose.RS256, otherRSA(), tt.headers, good(nil)), public, now); err == nil {
				t.Error("signed with another key, and taken")
			}
		})
	}
}

// Text that parsers read in different ways.
func TestAmbiguousJSON(t *testing.T) {
	_, keys := issuers(t)
	rest := fmt.Sprintf(`"iss":"https://id.example.com/","aud":"my-app","exp":%d`, now.Unix()+60)
	for name, payload := range map[string]string{
		"a claim twice":            `{"sub":"a","sub":"b",` + rest + `}`,
		"a claim twice, escaped":   `{"sub":"a","\u0073ub":"b",` + rest + `}`,
		"a claim twice, deep down": `{"x":[{"a":1,"a":2}],` + rest + `}`,
		"something behind":         `{` + rest + `} {}`,
		"half a pair":              `{"sub":"\ud800",` + rest + `}`,
		"half a pair in a name":    `{"\udc00":1,` + rest + `}`,
		"not UTF-8":                "{\"sub\":\"\xff\"," + rest + `}`,
		"a list":                   `[{` + rest + `}]`,
		"null":                     `null`,
		"empty":                    ``,
		"cut off":                  `{` + rest,
		"exp in other case":        `{"Exp":1,` + strings.Replace(rest, `"exp"`, `"EXP"`, 1) + `}`,
	} {
		if _, err := rules.Verify(sign(t, jose.HS256, testSecret, nil, payload), keys, now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for name, header := range map[string]string{
		"alg twice":         `{"alg":"none","alg":"HS256"}`,
		"alg in other case": `{"ALG":"HS256"}`,
		"alg a list":        `{"alg":["HS256"]}`,
		"no alg":            `{}`,
	} {
		text := b64(header) + "." + b64(`{`+rest+`}`)
		mac := hmac.New(sha256.New, testSecret)
		mac.Write([]byte(text))
		if _, err := rules.Verify(text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), keys, now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestClaimsAsValues(t *testing.T) {
	_, keys := issuers(t)
	payload := fmt.Sprintf(`{"iss":"https://id.example.com/","aud":"my-app","exp":%d,
		"int":9223372036854775807,"big":9223372036854775808,"negative":-9223372036854775809,"float":1.0,"exponent":1e2,
		"true":true,"null":null,"text":"é\u00e9","list":[1,[2.5]],"map":{"a":{"b":3}}}`, now.Unix()+60)
	token, err := rules.Verify(sign(t, jose.HS256, testSecret, nil, payload), keys, now)
	if err != nil {
		t.Fatal(err)
	}
	big1, _ := new(big.Int).SetString("9223372036854775808", 10)
	big2, _ := new(big.Int).SetString("-9223372036854775809", 10)
	for name, want := range map[string]any{
		"int": int64(9223372036854775807), "big": big1, "negative": big2, "float": 1.0, "exponent": 100.0,
		"true": true, "null": nil, "text": "éé", "list": []any{int64(1), []any{2.5}},
		"map": map[string]any{"a": map[string]any{"b": int64(3)}},
	} {
		if got := token.Claims[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, not %#v", name, got, want)
		}
	}
}

// Errors contain no part of the token.
func TestErrorsContainNoToken(t *testing.T) {
	_, keys := issuers(t)
	const mark = "zzmarkzz"
	for _, text := range []string{
		mark, mark + "." + mark + "." + mark,
		b64(`{"alg":"`+mark+`"}`) + "." + b64(`{"`+mark+`":1}`) + ".x",
		b64(`{"alg":"HS256","`+mark+`":1,"`+mark+`":2}`) + "." + b64(`{}`) + ".x",
		sign(t, jose.HS256, testSecret, kid(mark), good(claims{"aud": mark, "sub": mark})),
		sign(t, jose.HS256, testSecret, map[jose.HeaderKey]any{"typ": mark}, good(nil)),
		sign(t, jose.HS256, testSecret, nil, good(claims{"iss": mark})),
		sign(t, jose.HS256, testSecret, nil, good(claims{"exp": mark})),
	} {
		_, err := rules.Verify(text, keys, now)
		if err == nil || strings.Contains(err.Error(), mark) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzToken(f *testing.F) {
	public, secret := issuers(f)
	for algorithm, key := range signers() {
		f.Add(sign(f, algorithm, key, kid("rsa"), good(nil)))
		f.Add(sign(f, algorithm, key, nil, good(claims{"aud": []string{"a", "my-app"}, "nbf": 1.5, "deep": []any{map[string]any{"a": nil}}})))
	}
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		for _, keys := range []*Keys{public, secret, nil} {
			token, err := rules.Verify(text, keys, now)
			if (token == nil) != (err != nil) {
				t.Fatal(token, err)
			}
			if err == nil && (keys == nil || token.Claims["iss"] != rules.Issuer || !token.Expires.After(now)) {
				t.Fatalf("taken: %q", text)
			}
		}
	})
}
