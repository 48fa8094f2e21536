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

// Keys are what tokens are verified with. They do not change.
type Keys struct {
	keys []key
}

type key struct {
	id         string // kid, which tokens name it by; empty: it has none
	algorithms []jose.SignatureAlgorithm
	material   any // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// Len is how many there are.
func (k *Keys) Len() int {
	if k == nil {
		return 0
	}
	return len(k.keys)
}

// NewHMACKeys makes the key of tokens that are made and verified with the same secret. It
// must be at least as long as the hash of each of the algorithms (RFC 7518, 3.2);
// where none are given, those count that it is long enough for.
func NewHMACKeys(secret []byte, algorithms []string) (*Keys, error) {
	k := key{material: secret}
	for i, algorithm := range hmacAlgorithms {
		need := 32 + 16*i
		switch named := slices.Contains(algorithms, string(algorithm)); {
		case len(secret) >= need:
			k.algorithms = append(k.algorithms, algorithm)
		case named || len(algorithms) == 0 && i == 0:
			return nil, fmt.Errorf("the secret has %d bytes; %s needs %d", len(secret), algorithm, need)
		}
	}
	return &Keys{[]key{k}}, nil
}

// ParsePublicKeys reads public keys and certificates (PEM). Of a certificate only the key
// is used: whose it is, and until when, is not looked at.
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
			err = errors.New("it is no public key")
			if strings.HasSuffix(block.Type, "PRIVATE KEY") {
				err = errors.New("it is a private key; the gateway needs the public one alone (openssl pkey -pubout)")
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
		return nil, errors.New("there is no public key in it (PEM)")
	}
	return &keys, nil
}

// Sizes of RSA keys that are used, in bits. RFC 7518 (3.3) demands the lower one.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// algorithms are the algorithms that a public key is for.
func supportedAlgorithms(public any) ([]jose.SignatureAlgorithm, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("it is an RSA key of %d bits; %d to %d are used", bits, minRSABits, maxRSABits)
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
	return nil, errors.New("it is of no kind that tokens are verified with: RSA, EC (P-256, P-384, P-521), Ed25519")
}

// candidates are the keys that a token may be of. Those without an id may be meant by
// every kid. named says that one has the very id.
func (k *Keys) candidates(algorithm jose.SignatureAlgorithm, id string) (fit []*key, named bool) {
	if k == nil {
		return nil, false
	}
	for i := range k.keys {
		key := &k.keys[i]
		if id != "" && key.id != "" && key.id != id {
			continue
		}
		named = named || id != "" && key.id == id
		if slices.Contains(key.algorithms, algorithm) {
			fit = append(fit, key)
		}
	}
	return fit, named
}
