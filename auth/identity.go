package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"time"
)

var (
	// ErrUnauthenticated: the request does not say who is asking, and must.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrInvalidCredentials: what a request says of who is asking is not true, or not any
	// more. It is an ErrUnauthenticated.
	ErrInvalidCredentials = kindError{"credentials refused", ErrUnauthenticated}
	// ErrUnavailable: what a request says of who is asking cannot be checked now. It
	// may be true.
	ErrUnavailable = errors.New("who is asking cannot be checked now")
	// ErrForbidden: it is known who is asking, and they may not.
	ErrForbidden = errors.New("forbidden")
	// ErrInvalidValue: what the request says cannot be converted.
	ErrInvalidValue = errors.New("invalid")
)

// errUnrecognized: a method is not about such credentials. Another one may be.
var errUnrecognized = kindError{"no method knows these credentials", ErrInvalidCredentials}

// kindError is an error that is also a wider one, which its text does not repeat.
type kindError struct {
	text string
	kind error
}

func (r kindError) Error() string { return r.text }
func (r kindError) Unwrap() error { return r.kind }

// An Identity is who is asking, as one of the methods found out. It does not change.
// nil stands for somebody of whom nothing is known.
type Identity struct {
	// Method is the key of the method in the configuration, such as jwt.
	Method string
	// Issuer is who or what gives out the subjects: the claim iss, the issuer of a
	// certificate, the salt of a Phoenix.Token, or empty.
	Issuer string
	// Subject is the claim sub as text. A token without one stands for itself: its
	// subject is a hash. Two identities are the same if method, issuer and subject
	// are.
	Subject string
	// Claims are what is known of it. Values are nil, bool, string, int64, *big.Int
	// where int64 is too small, float64, []any and map[string]any.
	Claims map[string]any
	// Expires is when it is none any more; zero: never.
	Expires time.Time
}

// subjectOf is the claim sub as text. RFC 7519 (4.1.2) has it be text; integers are
// taken, since applications have such. Of all else, and of none, nobody can say what
// it would be as text: the subject is a hash that stands for the token.
func subjectOf(claims map[string]any, hash [sha256.Size]byte) string {
	switch sub := claims["sub"].(type) {
	case string:
		if sub != "" {
			return sub
		}
	case int64:
		return strconv.FormatInt(sub, 10)
	case *big.Int:
		return sub.String()
	}
	return "sha256:" + hex.EncodeToString(hash[:])
}
