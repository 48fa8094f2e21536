package phoenix

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

// forms are one token of each form.
var forms = []string{"map of claims", "HMAC with SHA-384", "HMAC with SHA-512", "encrypted map", "map"}

// Changing any byte of a token makes it invalid.
func TestTampered(t *testing.T) {
	for _, name := range forms {
		r := named(t, name)
		v := r.verifier(t)
		refused := func(what, token string) {
			t.Helper()
			if got, err := v.Verify(token, r.now()); err == nil {
				t.Errorf("%s, %s: %+v", name, what, got)
			}
		}
		if _, err := v.Verify(r.Token, r.now()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range r.Token {
			for bit := range 8 {
				b := []byte(r.Token)
				b[i] ^= 1 << bit
				refused("a bit flipped", string(b))
			}
			refused("a letter changed", r.Token[:i]+"A"+r.Token[i+1:]+"A")
			refused("cut short", r.Token[:i])
			refused("without its beginning", r.Token[i+1:])
			refused("a byte left out", r.Token[:i]+r.Token[i+1:])
			for _, extra := range []string{"\n", "\r", " ", "=", ".", "\x00"} {
				refused("with more", r.Token[:i]+extra+r.Token[i:])
			}
		}
		for _, more := range []string{"=", "==", "\n", ".", " ", ".A", "A"} {
			refused("with more", r.Token+more)
		}
		for i, c := range r.Token {
			// The same bytes in the standard alphabet.
			if other := strings.NewReplacer("-", "+", "_", "/").Replace(string(c)); other != string(c) {
				refused("in another alphabet", r.Token[:i]+other+r.Token[i+1:])
			}
		}
		refused("too large", r.Token+strings.Repeat("A", MaxTokenSize))
	}
}

// The unused bits of the last base64 letter must be zero.
func TestCanonical(t *testing.T) {
	r := named(t, "integer user id")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := r.Token[len(r.Token)-1:]
	signature := r.Token[strings.LastIndexByte(r.Token, '.')+1:]
	want, _ := base64.RawURLEncoding.DecodeString(signature)
	same := 0
	for _, c := range alphabet {
		other := signature[:len(signature)-1] + string(c)
		if got, _ := base64.RawURLEncoding.DecodeString(other); string(c) == last || string(got) != string(want) {
			continue
		}
		same++
		if _, err := r.verifier(t).Verify(strings.TrimSuffix(r.Token, signature)+other, r.now()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", other, err)
		}
	}
	if same == 0 {
		t.Error("there is no other text of this signature")
	}
}

func TestWrongKey(t *testing.T) {
	for _, name := range forms {
		r := named(t, name)
		for what, change := range map[string]func(*KeyOptions){
			"secret":     func(k *KeyOptions) { k.SecretKeyBase += "x" },
			"salt":       func(k *KeyOptions) { k.Salt = "User auth" },
			"iterations": func(k *KeyOptions) { k.Iterations++ },
			"digest":     func(k *KeyOptions) { k.Digest = "sha512" },
		} {
			key := r.key()
			change(&key)
			if token, err := verifier(t, key, r.Kind == "encrypt", 0).Verify(r.Token, r.now()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, wrong %s: %+v, %v", name, what, token, err)
			}
		}
	}
	r := named(t, "integer user id")
	key := r.key()
	key.Length = 16
	if token, err := verifier(t, key, false, 0).Verify(r.Token, r.now()); !errors.Is(err, ErrInvalid) {
		t.Errorf("wrong length: %+v, %v", token, err)
	}
	// A token can choose its digest, and must have a signature.
	for _, c := range golden(t) {
		other := verifier(t, r.key(), c.Kind != "encrypt", 0)
		if other.Recognizes(c.Token) {
			t.Errorf("%s is recognized by the other form", c.Name)
		}
		if _, err := other.Verify(c.Token, c.now()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s is accepted by the other form: %v", c.Name, err)
		}
	}
}

// max_age of the verifier overrides that of the token, to the millisecond.
func TestAge(t *testing.T) {
	r := named(t, "binary uuid") // max_age: 60
	signed := time.Unix(r.SignedAt, 0)
	tests := []struct {
		name      string
		age       time.Duration
		after     time.Duration
		expired   bool
		refused   bool
		expiresIn time.Duration
	}{
		{"at once", 0, 0, false, false, time.Minute},
		{"at its age", 0, time.Minute, false, false, time.Minute},
		{"past its age", 0, time.Minute + time.Millisecond, true, true, 0},
		{"the verifier is lenient", time.Hour, time.Hour, false, false, time.Hour},
		{"but not for ever", time.Hour, time.Hour + time.Millisecond, true, true, 0},
		{"the verifier is strict", time.Second, 2 * time.Second, true, true, 0},
		{"a clock that is behind", 0, -MaxClockSkew, false, false, time.Minute},
		{"the future", 0, -MaxClockSkew - time.Millisecond, false, true, 0},
		{"the future, for ever", unlimitedAge, -MaxClockSkew - time.Millisecond, false, true, 0},
	}
	for _, tt := range tests {
		token, err := verifier(t, r.key(), false, tt.age).Verify(r.Token, signed.Add(tt.after))
		switch {
		case tt.refused != (err != nil) || tt.expired != errors.Is(err, ErrExpired):
			t.Errorf("%s: %v", tt.name, err)
		case err == nil && !token.Expires.Equal(signed.Add(tt.expiresIn)):
			t.Errorf("%s: expires at %v", tt.name, token.Expires)
		case err != nil && strings.Contains(err.Error(), "0e1f1b7e"):
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	r = named(t, "for ever, from long ago")
	if token, err := r.verifier(t).Verify(r.Token, r.now()); err != nil || !token.Expires.IsZero() {
		t.Errorf("for ever: %+v, %v", token, err)
	}
	if _, err := verifier(t, r.key(), false, time.Hour).Verify(r.Token, r.now()); !errors.Is(err, ErrExpired) {
		t.Errorf("for ever, with a verifier that is strict: %v", err)
	}
}

func TestKey(t *testing.T) {
	good := named(t, "integer user id").key()
	for want, change := range map[string]func(*KeyOptions){
		"secret_key_base": func(k *KeyOptions) { k.SecretKeyBase = "only nineteen bytes" },
		"salt":            func(k *KeyOptions) { k.Salt = "" },
		"key_iterations":  func(k *KeyOptions) { k.Iterations = 0 },
		"key_length":      func(k *KeyOptions) { k.Length = 15 },
		"key_digest":      func(k *KeyOptions) { k.Digest = "md5" },
	} {
		key := good
		change(&key)
		_, err := NewVerifier(key, false, 0)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "nineteen") {
			t.Errorf("%s: %v", want, err)
		}
	}
	good.Length = 64
	if _, err := NewVerifier(good, true, 0); err == nil || !strings.Contains(err.Error(), "key_length") {
		t.Error(err)
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, name := range []string{"integer user id", "map of claims", "encrypted integer", "encrypted map", "map"} {
		r := named(b, name)
		v := r.verifier(b)
		b.Run(r.file+"/"+strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(r.Token, r.now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
