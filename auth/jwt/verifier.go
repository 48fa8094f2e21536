package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// MaxTokenSize is the maximum size of a token in bytes.
const MaxTokenSize = 8 << 10

var (
	// ErrOtherIssuer: iss is not the issuer of the verifier.
	ErrOtherIssuer = errors.New("the token is from another issuer (iss)")
	// ErrUnknownKey: none of the keys verifies the signature, and none has the kid of the
	// token.
	ErrUnknownKey = errors.New("the key of the signature is unknown")
)

// A Verifier verifies signatures, and the claims that limit where and when a token is valid.
type Verifier struct {
	// Issuer is the required iss. Empty: iss is not checked.
	Issuer string
	// Audience has the accepted values of aud, one of which a token must name. nil: a token
	// must have no aud (RFC 7519, 4.1.3). Empty: aud is not checked.
	Audience []string
	// Algorithms restrict the algorithms of the keys. Empty: no restriction.
	Algorithms []string
	// Leeway is the tolerated clock difference between issuer and gateway.
	Leeway time.Duration
}

// A Token is the content of a verified token.
type Token struct {
	// Claims are bool, string, int64, *big.Int where int64 is too small, float64, nil,
	// []any and map[string]any.
	Claims map[string]any
	// Expires is exp plus the leeway.
	Expires time.Time
}

// Verify verifies a token in compact serialization (RFC 7515, 7.1). It checks the issuer
// first: the error is [ErrOtherIssuer] for every well-formed token of another issuer. It
// checks the signature last: on [ErrUnknownKey], all other checks have passed.
func (v *Verifier) Verify(text string, keys *Keys, now time.Time) (*Token, error) {
	if len(text) > MaxTokenSize {
		return nil, fmt.Errorf("the token is larger than %d bytes", MaxTokenSize)
	}
	parts := strings.Split(text, ".")
	switch {
	case len(parts) == 5:
		return nil, errors.New("the token is encrypted (JWE); only signed tokens (JWS) are supported")
	case len(parts) != 3:
		return nil, errors.New("the token is not a JWT")
	}
	header, err := decodeObject(parts[0])
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	claims, err := decodeObject(parts[1])
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	if v.Issuer != "" && claims["iss"] != v.Issuer {
		return nil, ErrOtherIssuer
	}
	algorithm, id, err := v.checkHeader(header)
	if err != nil {
		return nil, err
	}
	expires, err := v.checkTimes(claims, now)
	if err != nil {
		return nil, err
	}
	if err := v.checkAudience(claims); err != nil {
		return nil, err
	}
	if err := verifySignature(text, parts[2], algorithm, id, keys); err != nil {
		return nil, err
	}
	return &Token{claims, expires}, nil
}

// tokenTypes are the accepted values of typ, in lower case and without application/: JWT in
// general and access tokens (RFC 9068). Tokens of other types have other purposes
// (RFC 8725, 3.11): logout tokens, proofs, security events.
var tokenTypes = []string{"jwt", "at+jwt"}

func (v *Verifier) checkHeader(header map[string]any) (algorithm jose.SignatureAlgorithm, id string, err error) {
	name, _ := header["alg"].(string)
	if !slices.Contains(hmacAlgorithms, jose.SignatureAlgorithm(name)) && !slices.Contains(publicAlgorithms, jose.SignatureAlgorithm(name)) ||
		len(v.Algorithms) > 0 && !slices.Contains(v.Algorithms, name) {
		return "", "", errors.New("alg is not one of the accepted algorithms")
	}
	if typ, present := header["typ"]; present {
		text, _ := typ.(string)
		text = strings.TrimPrefix(strings.ToLower(text), "application/")
		if !slices.Contains(tokenTypes, text) {
			return "", "", errors.New("typ is not JWT or at+jwt: the token has another purpose")
		}
	}
	for _, unknown := range []string{"crit", "b64", "cty"} {
		if _, present := header[unknown]; present {
			return "", "", fmt.Errorf("the header parameter %s is not supported", unknown)
		}
	}
	if kid, present := header["kid"]; present {
		var isString bool
		if id, isString = kid.(string); !isString {
			return "", "", errors.New("kid is not a string")
		}
	}
	return jose.SignatureAlgorithm(name), id, nil
}

func (v *Verifier) checkTimes(claims map[string]any, now time.Time) (expires time.Time, err error) {
	var exp, nbf, iat time.Time
	for name, to := range map[string]*time.Time{"exp": &exp, "nbf": &nbf, "iat": &iat} {
		if value, present := claims[name]; present {
			var ok bool
			if *to, ok = parseNumericDate(value); !ok {
				return expires, fmt.Errorf("%s is not a date", name)
			}
		}
	}
	expires = exp.Add(v.Leeway)
	switch {
	case exp.IsZero():
		return expires, errors.New("exp is missing; the token would never expire")
	case !now.Before(expires):
		return expires, errors.New("the token has expired (exp)")
	case now.Add(v.Leeway).Before(nbf):
		return expires, errors.New("the token is not valid yet (nbf)")
	case now.Add(v.Leeway).Before(iat):
		return expires, errors.New("the token was issued in the future (iat)")
	}
	return expires, nil
}

func (v *Verifier) checkAudience(claims map[string]any) error {
	audience, present := claims["aud"]
	switch {
	case v.Audience == nil && present:
		return errors.New("the token has an audience (aud); add it to the key audience")
	case len(v.Audience) == 0:
		return nil
	}
	values, ok := audience.([]any)
	if !ok {
		values = []any{audience}
	}
	for _, value := range values {
		if name, ok := value.(string); ok && slices.Contains(v.Audience, name) {
			return nil
		}
	}
	return errors.New("the token is for another audience (aud)")
}

// verifySignature checks the signature with each candidate key.
func verifySignature(text, signature string, algorithm jose.SignatureAlgorithm, id string, keys *Keys) error {
	if _, err := decodeBase64(signature); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	candidates, found := keys.candidates(algorithm, id)
	if len(candidates) > 0 {
		signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{algorithm})
		if err != nil {
			return errors.New("the token is not a JWT")
		}
		for _, key := range candidates {
			if _, err := signed.Verify(key.verifier(algorithm)); err == nil {
				return nil
			}
		}
	}
	switch {
	case !found:
		return ErrUnknownKey
	case len(candidates) == 0:
		return errors.New("the key with this kid is not for this alg")
	}
	return errors.New("the signature does not match the key")
}
