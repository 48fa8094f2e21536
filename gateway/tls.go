package gateway

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"time"

	"github.com/louche-graphql/louche/internal/certs"
	"github.com/louche-graphql/louche/internal/keypath"
)

// TLSConfig is the section tls: TLS for clients. It is off without files.
type TLSConfig struct {
	// CertFile and KeyFile are the gateway's certificate chain and its key (PEM).
	CertFile string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string `yaml:"key_file" env:"KEY_FILE"`
	// MinVersion is the oldest version of TLS: "1.2", which is the default, or "1.3".
	MinVersion string `yaml:"min_version" env:"MIN_VERSION"`
	// ClientCAFile has the authorities (PEM) of clients' certificates. Without it, the
	// gateway requests no certificate.
	ClientCAFile string `yaml:"client_ca_file" env:"CLIENT_CA_FILE"`
	// ClientCertificates are "optional", which is the default, or "required".
	ClientCertificates string `yaml:"client_certificates" env:"CLIENT_CERTIFICATES"`
}

var tlsVersions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

// Values of [TLSConfig.ClientCertificates].
const (
	certificatesOptional = "optional"
	certificatesRequired = "required"
)

// SetDefaults fills what was left out.
func (c *TLSConfig) SetDefaults() {
	c.MinVersion = cmp.Or(c.MinVersion, "1.2")
	if c.ClientCertificates == "" && c.ClientCAFile != "" {
		c.ClientCertificates = certificatesOptional
	}
}

// Enabled reports whether clients use TLS.
func (c TLSConfig) Enabled() bool { return c.CertFile != "" }

// Validate says what is wrong, naming the key.
func (c TLSConfig) Validate() error {
	switch {
	case (c.CertFile == "") != (c.KeyFile == ""):
		return keypath.Errorf("tls", "needs both cert_file and key_file, or neither")
	case tlsVersions[c.MinVersion] == 0:
		return keypath.In(keypath.Errorf("min_version", `is not "1.2" or "1.3"`), "tls")
	case c.ClientCAFile != "" && !c.Enabled():
		return keypath.In(keypath.Errorf("client_ca_file", "needs cert_file and key_file: clients send certificates over TLS"), "tls")
	case c.ClientCAFile == "" && c.ClientCertificates != "":
		return keypath.In(keypath.Errorf("client_certificates", "needs client_ca_file: the authorities of the certificates"), "tls")
	case c.ClientCAFile != "" && c.ClientCertificates != certificatesOptional && c.ClientCertificates != certificatesRequired:
		return keypath.In(keypath.Errorf("client_certificates", "is not %s or %s", certificatesOptional, certificatesRequired), "tls")
	}
	return nil
}

// Load reads the files; nil where TLS is off.
func (c TLSConfig) Load() (*tls.Config, error) {
	if !c.Enabled() {
		return nil, nil
	}
	certificate, err := certs.ReadKeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, keypath.In(err, "tls")
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tlsVersions[c.MinVersion],
		NextProtos:   []string{"h2", "http/1.1"},
		ClientCAs:    x509.NewCertPool(), // nil would mean those of the machine
	}
	if c.ClientCAFile == "" {
		return config, nil
	}
	if config.ClientCAs, err = certs.ReadAuthorities(c.ClientCAFile); err != nil {
		return nil, keypath.In(err, "tls", "client_ca_file")
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if c.ClientCertificates == certificatesRequired {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// expiryNotice is how long before its expiry the log warns of a certificate: at most a third
// of its lifetime.
const expiryNotice = 14 * 24 * time.Hour

// SetTLSConfig sets the configuration of new connections: the result of [TLSConfig.Load].
func (g *Gateway) SetTLSConfig(config *tls.Config) {
	g.tls.Store(config)
	leaf, now := config.Certificates[0].Leaf, time.Now()
	notice := min(expiryNotice, leaf.NotAfter.Sub(leaf.NotBefore)/3)
	switch {
	case now.After(leaf.NotAfter):
		g.log.Warn("the certificate of tls.cert_file has expired: clients will refuse it", "expired", leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		g.log.Warn("the certificate of tls.cert_file is not valid yet: clients will refuse it", "valid_from", leaf.NotBefore)
	case now.Add(notice).After(leaf.NotAfter):
		g.log.Warn("the certificate of tls.cert_file expires soon", "expires", leaf.NotAfter)
	}
}

// tlsConfig is the configuration of listeners over TLS. Sessions are resumed under later
// configurations (session tickets), except by crypto/tls where these would refuse the client's
// certificate.
func (g *Gateway) tlsConfig() *tls.Config {
	return &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return g.tls.Load(), nil },
	}
}

// certificateOf returns the client's certificate; nil: the client sent none, or it is no longer
// valid: connections may outlive certificates and authorities.
func (g *Gateway) certificateOf(connection *tls.ConnectionState) *x509.Certificate {
	if connection == nil || len(connection.VerifiedChains) == 0 {
		return nil
	}
	now := time.Now()
	options := x509.VerifyOptions{Roots: g.tls.Load().ClientCAs, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	expired := func(c *x509.Certificate) bool { return now.After(c.NotAfter) }
	for _, chain := range connection.VerifiedChains {
		if _, err := chain[len(chain)-1].Verify(options); err == nil && !slices.ContainsFunc(chain, expired) {
			return chain[0]
		}
	}
	return nil
}
