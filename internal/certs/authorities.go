// Package certs reads the files of TLS: the certificate authorities that the gateway
// trusts, and its own certificates with their keys.
package certs

import (
	"crypto/x509"
	"fmt"

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
