package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// MaxTokenSize is the largest token that is looked at, in bytes.
const MaxTokenSize = 8 << 10

var (
	// ErrOtherIssuer: the token is of another issuer.
	ErrOtherIssuer = errors.New("it is of another issuer")
	// ErrUnknownKey: none of the keys is the one that the token was signed with.
	ErrUnknownKey = errors.New("it is signed with a key that is not known")
)

// Verifier say which tokens are taken, beside that their signature is good and that they
// have not expired.
type Verifier struct {
	// Issuer is what iss has to be; empty: iss is not looked at.
	Issuer string
	// Audience are those of whom aud has to name one. nil: there must be no aud
	// (RFC 7519, 4.1.3). Empty: aud is not looked at.
	Audience []string
	// Algorithms narrow those that the keys are for; empty: they do not.
	Algorithms []string
	// Leeway is by how much the issuer's clock may be wrong.
	Leeway time.Duration
}

// A Token is one that was taken.
type Token struct {
	// Claims are bool, string, int64, *big.Int where int64 is too small, float64, nil,
	// []any and map[string]any.
	Claims map[string]any
	// Expires is when it is not taken any more: exp and the leeway.
	Expires time.Time
}

// Verify takes a token in the compact serialization (RFC 7515, 7.1) if it is one of
// those at this time. Whose it is comes first: of a token of another issuer, the error
// is [ErrOtherIssuer]. Keys come last: if the error is [ErrUnknownKey], nothing else is
// wrong with it.
func (r *Verifier) Verify(text string, keys *Keys, now time.Time) (*Token, error) {
	if len(text) > MaxTokenSize {
		return nil, fmt.Errorf("it is larger than %d bytes", MaxTokenSize)
	}
	parts := strings.Split(text, ".")
	switch {
	case len(parts) == 5:
		return nil, errors.New("it is encrypted (JWE), which is not taken")
	case len(parts) != 3:
		return nil, errors.New("it is no JWT")
	}
	header, err := decodeObject(parts[0])
	if err != nil {
		return nil, fmt.Errorf("its header: %w", err)
	}
	claims, err := decodeObject(parts[1])
	if err != nil {
		return nil, fmt.Errorf("its claims: %w", err)
	}
	if r.Issuer != "" && claims["iss"] != r.Issuer {
		return nil, ErrOtherIssuer
	}
	algorithm, id, err := r.checkHeader(header)
	if err != nil {
		return nil, err
	}
	expires, err := r.checkTimes(claims, now)
	if err != nil {
		return nil, err
	}
	if err := r.checkAudience(claims); err != nil {
		return nil, err
	}
	if err := verifySignature(text, parts[2], algorithm, id, keys); err != nil {
		return nil, err
	}
	return &Token{claims, expires}, nil
}

// tokenTypes are the typ that are taken, without application/ and in lower case:
// access tokens (RFC 9068), and those that say of themselves no more than that they
// are JWT. Others are made for something else (RFC 8725, 3.11): logout tokens, proofs,
// security events.
var tokenTypes = []string{"jwt", "at+jwt"}

func (r *Verifier) checkHeader(header map[string]any) (algorithm jose.SignatureAlgorithm, id string, err error) {
	name, _ := header["alg"].(string)
	if !slices.Contains(hmacAlgorithms, jose.SignatureAlgorithm(name)) && !slices.Contains(publicAlgorithms, jose.SignatureAlgorithm(name)) ||
		len(r.Algorithms) > 0 && !slices.Contains(r.Algorithms, name) {
		return "", "", errors.New("its alg is not taken")
	}
	if typ, given := header["typ"]; given {
		text, _ := typ.(string)
		text = strings.TrimPrefix(strings.ToLower(text), "application/")
		if !slices.Contains(tokenTypes, text) {
			return "", "", errors.New("its typ is not JWT or at+jwt: it is made for something else")
		}
	}
	for _, unknown := range []string{"crit", "b64", "cty"} {
		if _, given := header[unknown]; given {
			return "", "", fmt.Errorf("its header has %s, which is not taken", unknown)
		}
	}
	if kid, given := header["kid"]; given {
		var isText bool
		if id, isText = kid.(string); !isText {
			return "", "", errors.New("its kid is no text")
		}
	}
	return jose.SignatureAlgorithm(name), id, nil
}

func (r *Verifier) checkTimes(claims map[string]any, now time.Time) (expires time.Time, err error) {
	var exp, nbf, iat time.Time
	for name, to := range map[string]*time.Time{"exp": &exp, "nbf": &nbf, "iat": &iat} {
		if v, given := claims[name]; given {
			var ok bool
			if *to, ok = parseNumericDate(v); !ok {
				return expires, fmt.Errorf("its %s is no date", name)
			}
		}
	}
	expires = exp.Add(r.Leeway)
	switch {
	case exp.IsZero():
		return expires, errors.New("it has no exp: it would never expire")
	case !now.Before(expires):
		return expires, errors.New("it has expired (exp)")
	case now.Add(r.Leeway).Before(nbf):
		return expires, errors.New("it is not valid yet (nbf)")
	case now.Add(r.Leeway).Before(iat):
		return expires, errors.New("it is issued in the future (iat)")
	}
	return expires, nil
}

func (r *Verifier) checkAudience(claims map[string]any) error {
	audience, given := claims["aud"]
	switch {
	case r.Audience == nil && given:
		return errors.New("it is for an audience (aud), and none is configured")
	case len(r.Audience) == 0:
		return nil
	}
	several, ok := audience.([]any)
	if !ok {
		several = []any{audience}
	}
	for _, one := range several {
		if name, ok := one.(string); ok && slices.Contains(r.Audience, name) {
			return nil
		}
	}
	return errors.New("it is for another audience (aud)")
}

// verify checks the signature with each key that the token may be of.
func verifySignature(text, signature string, algorithm jose.SignatureAlgorithm, id string, keys *Keys) error {
	if _, err := decodeBase64(signature); err != nil {
		return fmt.Errorf("its signature: %w", err)
	}
	fit, named := keys.candidates(algorithm, id)
	if len(fit) > 0 {
		signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{algorithm})
		if err != nil {
			return errors.New("it is no JWT")
		}
		for _, key := range fit {
			if _, err := signed.Verify(key.material); err == nil {
				return nil
			}
		}
	}
	switch {
	case !named:
		return ErrUnknownKey
	case len(fit) == 0:
		return errors.New("its key is not for its alg")
	}
	return errors.New("its signature is not that of its key")
}
