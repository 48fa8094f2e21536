package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// trustingAuthority returns the configuration of a client that trusts the authority in a file.
func trustingAuthority(t testing.TB, file string) *tls.Config {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, file))
	return &tls.Config{RootCAs: roots}
}
