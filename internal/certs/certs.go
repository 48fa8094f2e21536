// Package certs reads the files of TLS: the certificate authorities that the gateway
// trusts, and its own certificates with their keys.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/internal/secret"
)

// ReadAuthorities reads a file with one or more CA certificates in PEM form. A user who
// can write to the file can add an authority, so the permission check of
// [secret.ReadTrusted] applies. Errors name the file; the caller adds the key of the
// configuration.
func ReadAuthorities(path string) (*x509.CertPool, error) {
	text, err := secret.ReadTrusted(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s contains no certificate; the file needs CA certificates in PEM form", path)
	}
	return pool, nil
}

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
