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
	// ErrUnauthenticated: the request has no identity, and needs one.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrInvalidCredentials: the credentials are invalid or expired. It is an
	// ErrUnauthenticated.
	ErrInvalidCredentials = kindError{"invalid credentials", ErrUnauthenticated}
	// ErrUnavailable: the credentials cannot be checked now. They may be valid.
	ErrUnavailable = errors.New("credentials cannot be checked now")
	// ErrForbidden: the identity lacks a scope or a claim.
	ErrForbidden = errors.New("forbidden")
	// ErrInvalidValue: a value of the request does not have the configured type.
	ErrInvalidValue = errors.New("invalid")
)

// errUnrecognized: the credentials are not for this method. Another method may accept them.
var errUnrecognized = kindError{"no method recognizes these credentials", ErrInvalidCredentials}

// kindError is an error that wraps a wider one without repeating its text.
type kindError struct {
	text string
	kind error
}

func (e kindError) Error() string { return e.text }
func (e kindError) Unwrap() error { return e.kind }

// An Identity is the authenticated caller of a request. It is immutable. A nil Identity is
// an anonymous caller.
type Identity struct {
	// Method is the key of the method in the configuration, such as jwt.
	Method string
	// Issuer issues the subjects: the claim iss, the issuer of a certificate, the salt of
	// a Phoenix.Token, or empty.
	Issuer string
	// Subject is the claim sub as text, or a hash for a token without one. Two identities
	// are equal if method, issuer and subject are.
	Subject string
	// Claims are the claims of the caller. Values are nil, bool, string, int64, *big.Int
	// where int64 is too small, float64, []any and map[string]any.
	Claims map[string]any
	// Expires is when the identity expires; zero: never.
	Expires time.Time
}

// subjectOf returns the claim sub as text. By RFC 7519 (4.1.2) it is a string; integers are
// accepted too, because applications use them. Without such a sub, the hash of the token
// is the subject.
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
