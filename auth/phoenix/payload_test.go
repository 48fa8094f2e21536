package phoenix

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// sign makes a valid token of any payload.
func sign(key, payload []byte) string {
	message := "SFMyNTY." + encoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return message + "." + encoding.EncodeToString(mac.Sum(nil))
}

// A valid signature does not make a malformed payload acceptable.
func TestPayload(t *testing.T) {
	r := named(t, "integer user id")
	v := r.verifier(t)
	key, err := r.key().derive(false)
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_795_000_000_123)
	term := func(parts ...func([]byte) []byte) []byte {
		b := []byte{etf.Version}
		for _, part := range parts {
			b = part(b)
		}
		return b
	}
	tuple := func(n int) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendTuple(b, n) } }
	pairs := func(n int) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendMap(b, n) } }
	atom := func(name string) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendAtom(b, name) } }
	integer := func(v int64) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendInt(b, v) } }
	float := func(v float64) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendFloat(b, v) } }
	text := func(s string) func([]byte) []byte { return func(b []byte) []byte { return etf.AppendBinary(b, s) } }
	signed := integer(now.UnixMilli())

	good := term(tuple(3), text("7"), signed, integer(60))
	for _, tt := range []struct {
		name    string
		payload []byte
		err     error // nil: it is accepted
	}{
		{"good", good, nil},
		{"nothing", nil, errMalformed},
		{"no version", good[1:], errMalformed},
		{"more behind it", append(good[:len(good):len(good)], 106), errMalformed},
		{"cut short", good[:len(good)-1], errMalformed},
		{"one element", term(tuple(1), text("7")), errMalformed},
		{"signed in text", term(tuple(3), text("7"), text("now"), integer(60)), errMalformed},
		{"signed with a fraction", term(tuple(3), text("7"), float(1.5), integer(60)), errMalformed},
		{"an atom for its age", term(tuple(3), text("7"), signed, atom("nil")), errMalformed},
		{"text for its age", term(tuple(3), text("7"), signed, text("60")), errMalformed},
		{"no age", term(tuple(3), text("7"), signed, integer(0)), ErrExpired},
		{"less", term(tuple(3), text("7"), signed, integer(-1)), ErrExpired},
		{"hardly any", term(tuple(3), text("7"), signed, float(0.001)), nil},
		{"too little", term(tuple(3), text("7"), signed, float(0.0009)), ErrExpired},
		{"large", term(tuple(3), text("7"), signed, float(1e300)), nil},
		{"from before all time", term(tuple(3), text("7"), integer(-1<<63), integer(60)), ErrExpired},
		{"a map", term(pairs(2), atom("data"), text("7"), atom("signed"), signed), nil},
		{"the other way round", term(pairs(2), atom("signed"), signed, atom("data"), text("7")), nil},
		{"no data", term(pairs(2), atom("other"), atom("signed"), atom("signed"), signed), errMalformed},
		{"data twice", term(pairs(2), atom("data"), text("7"), atom("data"), text("7")), errMalformed},
		{"one pair", term(pairs(1), atom("data"), text("7")), errMalformed},
		{"keys that are no atoms", term(pairs(2), text("data"), text("7"), text("signed"), signed), errMalformed},
		{"an atom of no cache", term(tuple(2), func(b []byte) []byte { return append(b, 82, 0) }, signed), errMalformed},
	} {
		token, err := v.Verify(sign(key, tt.payload), now)
		if tt.err == nil && (err != nil || token.Claims["sub"] != "7") || tt.err != nil && !errors.Is(err, tt.err) {
			t.Errorf("%s: %+v, %v", tt.name, token, err)
		}
	}

	large := sign(key, term(tuple(2), text(strings.Repeat("7", MaxTokenSize)), signed))
	if _, err := v.Verify(large, now); err == nil || !strings.Contains(err.Error(), "8192 bytes") {
		t.Errorf("too large: %v", err)
	}
}

// The borders between the parts of a token are authenticated.
func TestPartsOfAES(t *testing.T) {
	r := named(t, "map")
	v := r.verifier(t)
	parts := make([][]byte, 0, 4)
	for _, text := range strings.Split(strings.TrimPrefix(r.Token, aesGCMPrefix), ".") {
		part, ok := decodeBase64(text)
		if !ok {
			t.Fatal(text)
		}
		parts = append(parts, part)
	}
	token := func(parts ...[]byte) string {
		texts := make([]string, len(parts))
		for i, part := range parts {
			texts[i] = encoding.EncodeToString(part)
		}
		return aesGCMPrefix + strings.Join(texts, ".")
	}
	key, nonce, ciphertext, tag := parts[0], parts[1], parts[2], parts[3]
	if _, err := v.Verify(token(key, nonce, ciphertext, tag), r.now()); err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][][]byte{
		"a byte of the tag in the ciphertext": {key, nonce, append(ciphertext[:len(ciphertext):len(ciphertext)], tag[0]), tag[1:]},
		"a byte of the ciphertext in the tag": {key, nonce, ciphertext[:len(ciphertext)-1], append(ciphertext[len(ciphertext)-1:len(ciphertext):len(ciphertext)], tag...)},
		"a short nonce":                       {key, nonce[1:], ciphertext, tag},
		"a long nonce":                        {key, append(nonce, 0), ciphertext, tag},
		"no nonce":                            {key, nil, ciphertext, tag},
		"a short key":                         {key[:27], nonce, ciphertext, tag},
		"no key":                              {nil, nonce, ciphertext, tag},
		"three parts":                         {key, nonce, ciphertext},
		"five parts":                          {key, nonce, ciphertext, tag, nil},
	} {
		if _, err := v.Verify(token(parts...), r.now()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
