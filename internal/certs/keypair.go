package certs

import (
	"crypto/tls"
	"fmt"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// ReadKeyPair reads a certificate chain and its private key in PEM form. The permission
// check of [secret.ReadFile] applies to the key. Errors are of type [keypath.Error], with
// the keys cert_file and key_file.
func ReadKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	chain, err := secret.ReadPublic(certFile)
	if err != nil {
		return tls.Certificate{}, keypath.In(err, "cert_file")
	}
	key, err := secret.ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, keypath.In(err, "key_file")
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return tls.Certificate{}, keypath.In(fmt.Errorf("%s and the key in %s: %w", certFile, keyFile, err), "cert_file")
	}
	return pair, nil
}
