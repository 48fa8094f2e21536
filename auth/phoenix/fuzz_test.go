package phoenix

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"
)

// The verifier accepts only the tokens that Plug.Crypto made.
func FuzzSigned(f *testing.F) { fuzzTokens(f, "sign") }

func FuzzEncrypted(f *testing.F) { fuzzTokens(f, "encrypt") }

func fuzzTokens(f *testing.F, kind string) {
	var v *Verifier
	made := make(map[string]bool)
	for _, r := range golden(f) {
		if r.Kind != kind || r.Options != "[]" {
			continue
		}
		if v == nil {
			v = r.verifier(f)
		}
		made[r.Token] = true
		f.Add(r.Token)
	}
	now := named(f, "atom").now()
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := v.Verify(token, now); err == nil && !made[token] {
			t.Fatalf("%+v", got)
		}
	})
}

// A signed payload of any bytes yields claims of the documented types, or an error.
func FuzzPayload(f *testing.F) {
	r := named(f, "atom")
	v := r.verifier(f)
	key, err := r.key().derive(false)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range golden(f) {
		if r.Kind == "sign" {
			payload, _ := decodeBase64(strings.Split(r.Token, ".")[1])
			f.Add(payload)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		token, err := v.Verify(sign(key, payload), r.now())
		switch {
		case err == ErrInvalid:
			t.Fatal("a good signature is refused")
		case err != nil:
			return
		case token.Claims == nil:
			t.Fatal("no claims")
		case !token.Expires.IsZero() && token.Expires.Before(r.now()):
			t.Fatalf("taken after %v", token.Expires)
		case token.Expires.After(r.now().Add(unlimitedAge + time.Minute)):
			t.Fatalf("taken until %v", token.Expires)
		}
		claim(t, token.Claims, 0)
	})
}

// claim fails unless v has a documented type.
func claim(t *testing.T, v any, depth int) {
	if depth > maxDepth+1 {
		t.Fatal("too deep")
	}
	switch v := v.(type) {
	case nil, bool, string, int64:
	case *big.Int:
		if v.IsInt64() {
			t.Fatalf("%s would have been an int64", v)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatal(v)
		}
	case []any:
		for _, element := range v {
			claim(t, element, depth+1)
		}
	case map[string]any:
		for _, member := range v {
			claim(t, member, depth+1)
		}
	default:
		t.Fatalf("a %T", v)
	}
}
