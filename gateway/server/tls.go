package server

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"time"
)

// expiryNotice is how long before its expiry the log warns of a certificate: at most a third
// of its lifetime.
const expiryNotice = 14 * 24 * time.Hour

// SetTLSConfig sets the configuration of new connections: the result of [TLSConfig.Load].
func (s *Server) SetTLSConfig(config *tls.Config) {
	s.tls.Store(config)
	leaf, now := config.Certificates[0].Leaf, time.Now()
	notice := min(expiryNotice, leaf.NotAfter.Sub(leaf.NotBefore)/3)
	switch {
	case now.After(leaf.NotAfter):
		s.Log.Warn("the certificate of tls.cert_file has expired: clients will refuse it", "expired", leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		s.Log.Warn("the certificate of tls.cert_file is not valid yet: clients will refuse it", "valid_from", leaf.NotBefore)
	case now.Add(notice).After(leaf.NotAfter):
		s.Log.Warn("the certificate of tls.cert_file expires soon", "expires", leaf.NotAfter)
	}
}

// tlsConfig is the configuration of listeners over TLS. Sessions are resumed under later
// configurations (session tickets), except by crypto/tls where these would refuse the client's
// certificate.
func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.tls.Load(), nil },
	}
}

// CertificateOf returns the client's certificate; nil: the client sent none, or it is no longer
// valid: connections may outlive certificates and authorities.
func (s *Server) CertificateOf(connection *tls.ConnectionState) *x509.Certificate {
	if connection == nil || len(connection.VerifiedChains) == 0 {
		return nil
	}
	now := time.Now()
	options := x509.VerifyOptions{Roots: s.tls.Load().ClientCAs, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	expired := func(c *x509.Certificate) bool { return now.After(c.NotAfter) }
	for _, chain := range connection.VerifiedChains {
		if _, err := chain[len(chain)-1].Verify(options); err == nil && !slices.ContainsFunc(chain, expired) {
			return chain[0]
		}
	}
	return nil
}
