package jwt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxKeys bounds a key set. Issuers have two or three.
const maxKeys = 100

// jsonWebKey is a public key as issuers publish it (RFC 7517, 4; RFC 7518, 6), without
// what is not needed to verify. Certificates are left out: a set is not worth less for
// one that cannot be read.
type jsonWebKey struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use,omitempty"`
	Operations []string `json:"key_ops,omitempty"`
	Algorithm  string   `json:"alg,omitempty"`
	ID         string   `json:"kid,omitempty"`
	Curve      string   `json:"crv,omitempty"`
	N          string   `json:"n,omitempty"`
	E          string   `json:"e,omitempty"`
	X          string   `json:"x,omitempty"`
	Y          string   `json:"y,omitempty"`
	Private    any      `json:"d,omitempty"`
}

// ParseKeySet reads a key set (RFC 7517, 5). Keys that are for something else than
// verifying signatures, or of a kind that is not known, are left out; so are those
// that are wrong, for each of which there is a problem. A set in which nothing is
// right is an error. Secrets (oct) are wrong in one: what is published is none.
func ParseKeySet(text []byte) (_ *Keys, problems []error, _ error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	switch err := json.Unmarshal(text, &set); {
	case err != nil || set.Keys == nil:
		return nil, nil, errors.New(`it is no key set: a JSON object with a list "keys"`)
	case len(set.Keys) > maxKeys:
		return nil, nil, fmt.Errorf("it has %d keys, more than %d", len(set.Keys), maxKeys)
	}
	keys := &Keys{}
	for i, text := range set.Keys {
		k, err := parseKey(text)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("keys[%d]: %w", i, err))
		case len(k.algorithms) > 0:
			keys.keys = append(keys.keys, k)
		}
	}
	if len(problems) > 0 && len(problems) == len(set.Keys) {
		return nil, nil, fmt.Errorf("none of its keys is right: %w", problems[0])
	}
	return keys, problems, nil
}

// parseKey returns a key that verifies nothing where it is for something else.
func parseKey(text []byte) (k key, _ error) {
	var p jsonWebKey
	if json.Unmarshal(text, &p) != nil {
		return k, errors.New("it is no key: a JSON object without repeated members, kty, kid, alg and use being text")
	}
	switch {
	case p.Use != "" && p.Use != "sig", p.Operations != nil && !slices.Contains(p.Operations, "verify"):
		return k, nil
	case p.Type == "oct":
		return k, errors.New("it is a secret, which nothing is verified with once it is published")
	case p.Private != nil:
		return k, errors.New("its private part is published: everybody can sign with it")
	case !slices.Contains([]string{"RSA", "EC", "OKP"}, p.Type):
		return k, nil
	}
	p.Operations = nil
	public, err := json.Marshal(p)
	if err != nil {
		return k, err
	}
	var parsed jose.JSONWebKey
	switch err := parsed.UnmarshalJSON(public); {
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		return k, nil
	case err != nil:
		return k, errors.New("what makes it a key is missing, or no key")
	}
	fit, err := supportedAlgorithms(parsed.Key)
	if err != nil {
		return k, err
	}
	k = key{id: p.ID, material: parsed.Key, algorithms: fit}
	if p.Algorithm != "" { // then it is for that alone
		only := jose.SignatureAlgorithm(p.Algorithm)
		k.algorithms = nil
		if slices.Contains(fit, only) {
			k.algorithms = []jose.SignatureAlgorithm{only}
		}
	}
	return k, nil
}
