package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Keys verify tokens. They are immutable.
type Keys struct {
	keys []key
}

type key struct {
	id         string // kid; empty: the key has none
	algorithms []jose.SignatureAlgorithm
	material   any // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// Len returns the number of keys.
func (k *Keys) Len() int {
	if k == nil {
		return 0
	}
	return len(k.keys)
}

// NewHMACKeys returns the key of tokens that are signed with a secret (HMAC). The secret
// must be at least as long as the hash of each algorithm (RFC 7518, 3.2). Without
// algorithms, the key is for every algorithm for which the secret is long enough.
func NewHMACKeys(secret []byte, algorithms []string) (*Keys, error) {
	k := key{material: secret}
	for i, algorithm := range hmacAlgorithms {
		need := 32 + 16*i
		switch named := slices.Contains(algorithms, string(algorithm)); {
		case len(secret) >= need:
			k.algorithms = append(k.algorithms, algorithm)
		case named || len(algorithms) == 0 && i == 0:
			return nil, fmt.Errorf("the secret has %d bytes; %s needs at least %d", len(secret), algorithm, need)
		}
	}
	return &Keys{[]key{k}}, nil
}

// ParsePublicKeys reads public keys and certificates in PEM form. It uses only the key of a
// certificate, and ignores its subject and its validity.
func ParsePublicKeys(text []byte) (*Keys, error) {
	var keys Keys
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		var public any
		var err error
		switch block.Type {
		case "PUBLIC KEY":
			public, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			public, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var certificate *x509.Certificate
			if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
				public = certificate.PublicKey
			}
		default:
			err = errors.New("not a public key")
			if strings.HasSuffix(block.Type, "PRIVATE KEY") {
				err = errors.New("a private key; the gateway needs only the public key (openssl pkey -pubout)")
			}
		}
		k := key{material: public}
		if err == nil {
			k.algorithms, err = supportedAlgorithms(public)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", len(keys.keys)+1, err)
		}
		keys.keys = append(keys.keys, k)
	}
	if len(keys.keys) == 0 {
		return nil, errors.New("no public key in PEM form")
	}
	return &keys, nil
}

// Bounds of the size of RSA keys. RFC 7518 (3.3) requires the lower bound.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

func supportedAlgorithms(public any) ([]jose.SignatureAlgorithm, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("an RSA key of %d bits; use one of %d to %d bits", bits, minRSABits, maxRSABits)
		}
		return rsaAlgorithms, nil
	case *ecdsa.PublicKey:
		for i, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
			if k.Curve == curve {
				return ecAlgorithms[i : i+1], nil
			}
		}
	case ed25519.PublicKey:
		return edAlgorithms, nil
	}
	return nil, errors.New("a key of an unsupported kind; use RSA, EC (P-256, P-384, P-521) or Ed25519")
}

// candidates returns the keys that may have signed a token with this alg and kid. A key
// without an id matches every kid. found reports whether a key has this id.
func (k *Keys) candidates(algorithm jose.SignatureAlgorithm, id string) (matching []*key, found bool) {
	if k == nil {
		return nil, false
	}
	for i := range k.keys {
		key := &k.keys[i]
		if id != "" && key.id != "" && key.id != id {
			continue
		}
		found = found || id != "" && key.id == id
		if slices.Contains(key.algorithms, algorithm) {
			matching = append(matching, key)
		}
	}
	return matching, found
}
