package jwt

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxKeys bounds a key set. An issuer has two or three keys.
const maxKeys = 100

// jsonWebKey has the members of a public key that verification needs (RFC 7517, 4;
// RFC 7518, 6). It omits certificates, so an invalid one does not invalidate the key.
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

// ParseKeySet parses a key set (RFC 7517, 5). It skips keys of an unknown kind and keys
// that do not verify signatures. It also skips invalid keys, and returns a problem for
// each; a set of invalid keys alone is an error. A secret (oct) is invalid in a key set,
// because key sets are public.
func ParseKeySet(text []byte) (_ *Keys, problems []error, _ error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	switch err := json.Unmarshal(text, &set); {
	case err != nil || set.Keys == nil:
		return nil, nil, errors.New(`not a key set; a key set is a JSON object with a list "keys"`)
	case len(set.Keys) > maxKeys:
		return nil, nil, fmt.Errorf("the key set has %d keys; at most %d are allowed", len(set.Keys), maxKeys)
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
		return nil, nil, fmt.Errorf("the key set has no valid key: %w", problems[0])
	}
	return keys, problems, nil
}

// parseKey parses a key. A key that is not for verifying has no algorithms.
func parseKey(text []byte) (k key, _ error) {
	var p jsonWebKey
	if json.Unmarshal(text, &p) != nil {
		return k, errors.New("not a key; a key is a JSON object without repeated members, whose kty, kid, alg and use are strings")
	}
	switch {
	case p.Use != "" && p.Use != "sig", p.Operations != nil && !slices.Contains(p.Operations, "verify"):
		return k, nil
	case p.Type == "oct":
		return k, errors.New("a secret (oct) is not for publication")
	case p.Private != nil:
		return k, errors.New("the private key is published, so anyone can sign with it")
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
		return k, errors.New("a member of the key is missing or invalid")
	}
	algorithms, err := supportedAlgorithms(parsed.Key)
	if err != nil {
		return k, err
	}
	k = key{id: p.ID, material: parsed.Key, algorithms: algorithms}
	if p.Algorithm != "" { // the key is for this algorithm alone
		only := jose.SignatureAlgorithm(p.Algorithm)
		k.algorithms = nil
		switch {
		case slices.Contains(edAlgorithms, only) && slices.Contains(algorithms, only):
			k.algorithms = edAlgorithms // two names of one algorithm
		case slices.Contains(algorithms, only):
			k.algorithms = []jose.SignatureAlgorithm{only}
		}
	}
	return k, nil
}
