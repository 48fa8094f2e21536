package phoenix

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// MaxTokenSize is the largest token that is looked at, in bytes. Cookies are smaller.
const MaxTokenSize = 8 << 10

// MaxClockSkew is how far the clock of the node that makes tokens may be ahead of ours.
const MaxClockSkew = 30 * time.Second

// Errors of [Verifier.Verify].
var (
	// ErrExpired: the token was good once.
	ErrExpired = errors.New("the token expired")
	// ErrInvalid: nobody who has the key made the token; or the key is another.
	ErrInvalid = errors.New("the token is not one that this secret_key_base, salt and key options make")
)

// A Token is what one of them says. It does not change.
type Token struct {
	// Claims are the token's term if that is a map, else the term as the claim sub.
	// Values are nil, bool, string, int64, *big.Int where int64 is too small,
	// float64, []any and map[string]any. Strings need not be UTF-8.
	Claims map[string]any
	// Hash is that of the term: it tells those apart whose claims have no sub.
	Hash [sha256.Size]byte
	// Expires is when it is none any more; zero: never.
	Expires time.Time
}

// A Verifier verifies signed tokens, or decrypts encrypted ones. Many goroutines may
// use it at once.
type Verifier struct {
	scheme interface {
		// owns says whether a token begins as those of this form do.
		recognizes(token string) bool
		// open returns the payload if it comes from somebody who has the key.
		open(token string) ([]byte, bool)
	}
	maxAge time.Duration
}

// NewVerifier makes the key, which takes milliseconds. age is how old a token may
// become, whatever it says itself; 0 is as old as it says, which is a day where
// Phoenix.Token.sign was not told otherwise.
func NewVerifier(key KeyOptions, encrypted bool, age time.Duration) (*Verifier, error) {
	derived, err := key.derive(encrypted)
	if err != nil {
		return nil, err
	}
	v := &Verifier{scheme: signed(derived), maxAge: age}
	if encrypted {
		v.scheme, err = newEncrypted(derived)
	}
	return v, err
}

// Recognizes says whether a text begins as tokens do that it is for.
func (v *Verifier) Recognizes(token string) bool { return v.scheme.recognizes(token) }

// Verify returns what a token says at a time. The errors hold nothing of that.
func (v *Verifier) Verify(token string, now time.Time) (*Token, error) {
	if len(token) > MaxTokenSize {
		return nil, fmt.Errorf("the token has more than %d bytes", MaxTokenSize)
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
