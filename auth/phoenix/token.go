package phoenix

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// MaxTokenSize is the maximum size of a token in bytes. A cookie is smaller.
const MaxTokenSize = 8 << 10

// MaxClockSkew is how far the clock of the application may be ahead of the gateway's.
const MaxClockSkew = 30 * time.Second

// Errors of [Verifier.Verify].
var (
	// ErrExpired: the signature is valid, and the token has expired.
	ErrExpired = errors.New("the token expired")
	// ErrInvalid: the key does not verify or decrypt the token.
	ErrInvalid = errors.New("the token was not made with this secret_key_base, salt and key options")
)

// A Token is the content of a verified token. It is immutable.
type Token struct {
	// Claims are the token's term if that is a map, else the term as the claim sub.
	// Values are nil, bool, string, int64, *big.Int where int64 is too small,
	// float64, []any and map[string]any. Strings may be invalid UTF-8.
	Claims map[string]any
	// Hash is the hash of the term. It identifies a token without the claim sub.
	Hash [sha256.Size]byte
	// Expires is when the token expires; zero: never.
	Expires time.Time
}

// A Verifier verifies signed tokens, or decrypts encrypted tokens. It is safe for
// concurrent use.
type Verifier struct {
	scheme interface {
		// recognizes reports whether a token has a prefix of the scheme.
		recognizes(token string) bool
		// open returns the payload of a token that was made with the key.
		open(token string) ([]byte, bool)
	}
	maxAge time.Duration
}

// NewVerifier derives the key, which takes milliseconds. maxAge overrides the maximum age
// of each token. 0 keeps it: the option max_age of Phoenix.Token.sign, or a day.
func NewVerifier(key KeyOptions, encrypted bool, maxAge time.Duration) (*Verifier, error) {
	derived, err := key.derive(encrypted)
	if err != nil {
		return nil, err
	}
	v := &Verifier{scheme: signed(derived), maxAge: maxAge}
	if encrypted {
		v.scheme, err = newEncrypted(derived)
	}
	return v, err
}

// Recognizes reports whether a token has a prefix that this verifier is for.
func (v *Verifier) Recognizes(token string) bool { return v.scheme.recognizes(token) }

// Verify verifies a token and returns its content. Errors contain no part of it.
func (v *Verifier) Verify(token string, now time.Time) (*Token, error) {
	if len(token) > MaxTokenSize {
		return nil, fmt.Errorf("the token is larger than %d bytes", MaxTokenSize)
	}
	opened, ok := v.scheme.open(token)
	if !ok {
		return nil, ErrInvalid
	}
	p, err := parsePayload(opened)
	if err != nil {
		return nil, err
	}
	expires, err := p.expires(now, v.maxAge)
	if err != nil {
		return nil, err
	}
	claims, err := p.claims()
	if err != nil {
		return nil, err
	}
	return &Token{Claims: claims, Hash: sha256.Sum256(p.data.Bytes), Expires: expires}, nil
}
