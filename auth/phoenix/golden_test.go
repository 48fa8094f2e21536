package phoenix

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recorded is a token that Plug.Crypto made.
type recorded struct {
	file string

	Name          string
	Kind          string
	Options       string
	Token         string
	SignedAt      int64  `json:"signed_at"`
	RecordedAt    int64  `json:"recorded_at"`
	SecretKeyBase string `json:"secret_key_base"`
	Salt          string
	Verified      string
}

func golden(tb testing.TB) (all []recorded) {
	tb.Helper()
	files, err := filepath.Glob("../../testdata/golden/phoenix-tokens*.jsonl")
	if err != nil || len(files) != 3 {
		tb.Fatal(files, err)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			tb.Fatal(err)
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			r := recorded{file: filepath.Base(name)}
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				tb.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}

// now is the time at which Plug.Crypto verified the tokens.
func (r recorded) now() time.Time {
	if r.RecordedAt == 0 {
		return time.Unix(r.SignedAt, 0)
	}
	return time.UnixMilli(r.RecordedAt)
}

func (r recorded) key() KeyOptions {
	key := KeyOptions{SecretKeyBase: r.SecretKeyBase, Salt: r.Salt, Iterations: 1000, Length: 32, Digest: "sha256"}
	for _, option := range regexp.MustCompile(`(\w+): :?(\w+)`).FindAllStringSubmatch(r.Options, -1) {
		number, _ := strconv.Atoi(option[2])
		switch option[1] {
		case "key_iterations":
			key.Iterations = number
		case "key_length":
			key.Length = number
		case "key_digest":
			key.Digest = option[2]
		}
	}
	return key
}

func (r recorded) verifier(tb testing.TB) *Verifier {
	tb.Helper()
	return verifier(tb, r.key(), r.Kind == "encrypt", 0)
}

func verifier(tb testing.TB, key KeyOptions, encrypted bool, age time.Duration) *Verifier {
	tb.Helper()
	v, err := NewVerifier(key, encrypted, age)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

type claims = map[string]any

func sub(v any) claims { return claims{"sub": v} }

func power(exponent int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(exponent)) }

// saying are the claims of the tokens whose term is not 42.
var saying = map[string]claims{
	"string user id":       sub("user-7f3a"),
	"map of claims":        {"sub": int64(42), "roles": []any{"admin", "ops"}, "tenant": "acme"},
	"map with atom keys":   {"user_id": int64(42), "admin": true},
	"tuple":                sub([]any{"user", int64(42)}),
	"binary uuid":          sub("0e1f1b7e-0f0a-4c1d-9f36-9a1b2c3d4e5f"),
	"map":                  {"sub": int64(42), "roles": []any{"admin"}},
	"atom":                 sub("admin"),
	"true":                 sub(true),
	"float":                sub(1.5),
	"zero":                 sub(int64(0)),
	"negative":             sub(int64(-42)),
	"32 bits":              sub(int64(4_000_000_000)),
	"64 bits":              sub(int64(9_223_372_036_854_775_807)),
	"past 64 bits":         sub(power(63)),
	"large":                sub(power(80)),
	"large and negative":   sub(new(big.Int).Neg(power(80))),
	"larger":               sub(power(8 * 300)),
	"charlist":             sub([]any{int64('a'), int64('b'), int64('c')}),
	"empty list":           sub([]any{}),
	"list":                 sub([]any{int64(1), "a", "b", nil}),
	"empty tuple":          sub([]any{}),
	"empty string":         sub(""),
	"empty map":            {},
	"UTF-8":                sub("Ærø ✓"),
	"UUID as bytes":        sub("\x0e\x1f\x1b\x7e\x0f\x0a\x4c\x1d\x9f\x36\x9a\x1b\x2c\x3d\x4e\x5f"),
	"nested":               {"sub": "42", "user": claims{"id": int64(42), "roles": []any{"admin", "ops"}, "tuple": []any{"a", 1.0}}},
	"atom and string keys": {"sub": int64(42), "tenant": "acme"},
	"tuple sub":            sub([]any{"user", int64(42)}),
	"nil sub":              sub(nil),
	"no sub":               {"user_id": int64(42)},
	"another without sub":  {"user_id": int64(43)},
	"date and time": {"sub": int64(42), "at": "2026-01-02T03:04:05.678Z", "on": "2026-01-02",
		"when": "03:04:05", "then": "2026-01-02T03:04:05"},
}

// stricter are the tokens that Plug.Crypto accepts and this package refuses.
var stricter = map[string]error{
	"of the year 2100":   nil, // the error contains a time
	"compressed":         errPackedTerm,
	"improper list":      errUnsupportedTerm,
	"bits":               errUnsupportedTerm,
	"pid":                errUnsupportedTerm,
	"reference":          errUnsupportedTerm,
	"the same key twice": errMapKeys,
	"integer key":        errMapKeys,
	"range":              errUnsupportedStruct,
	"URI":                errUnsupportedStruct,
	"deep":               errTooDeep,
	"nil":                errNilTerm,
}

// This package accepts and refuses the same tokens as Plug.Crypto, except those in stricter.
func TestGolden(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range golden(t) {
		seen[r.Name] = true
		t.Run(r.file+"/"+r.Name, func(t *testing.T) {
			v := r.verifier(t)
			if !v.Recognizes(r.Token) {
				t.Error("it does not own the token")
			}
			token, err := v.Verify(r.Token, r.now())
			reason, isStricter := stricter[r.Name]
			switch {
			case isStricter:
				if err == nil || !errors.Is(err, reason) && reason != nil {
					t.Fatalf("%v, %v", token, err)
				}
			case r.Verified == "{:error, :expired}":
				if !errors.Is(err, ErrExpired) {
					t.Fatalf("%v, %v", token, err)
				}
			case strings.HasPrefix(r.Verified, "{:raised"):
				if err == nil || errors.Is(err, ErrInvalid) || errors.Is(err, ErrExpired) {
					t.Fatalf("%v, %v", token, err)
				}
			default:
				if err != nil {
					t.Fatal(err)
				}
				want, is := saying[r.Name]
				if !is {
					want = sub(int64(42))
				}
				if !reflect.DeepEqual(token.Claims, want) {
					t.Errorf("%#v, want %#v", token.Claims, want)
				}
			}
		})
	}
	for name := range saying {
		if !seen[name] {
			t.Errorf("no token %q", name)
		}
	}
	for name := range stricter {
		if !seen[name] {
			t.Errorf("no token %q", name)
		}
	}
}

func named(tb testing.TB, name string) recorded {
	tb.Helper()
	for _, r := range golden(tb) {
		if r.Name == name {
			return r
		}
	}
	tb.Fatalf("no token %q", name)
	panic("unreachable")
}

// The hash of the term identifies a token without the claim sub.
func TestHash(t *testing.T) {
	hashes := make(map[[sha256.Size]byte]string)
	for _, name := range []string{"map with atom keys", "no sub", "another without sub", "tuple sub", "nil sub", "true", "empty map", "empty list", "empty string"} {
		r := named(t, name)
		token, err := r.verifier(t).Verify(r.Token, r.now())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if other, taken := hashes[token.Hash]; taken {
			t.Errorf("%s is %s", name, other)
		}
		hashes[token.Hash] = name
	}
	// Two tokens of one term have the same hash.
	one, two := named(t, "integer user id"), named(t, "HMAC with SHA-512")
	first, _ := one.verifier(t).Verify(one.Token, one.now())
	second, err := two.verifier(t).Verify(two.Token, two.now())
	if err != nil || first.Hash != second.Hash {
		t.Errorf("%+v, %+v, %v", first, second, err)
	}
}
