package server

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"

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
