package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// TLSConfig is how clients are served over TLS. It is off unless files are named.
type TLSConfig struct {
	// CertFile and KeyFile are the gateway's certificate, with those between it and
	// an authority, and its key (PEM).
	CertFile string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile  string `yaml:"key_file" env:"KEY_FILE"`
}

// On says whether clients are served over TLS.
func (c TLSConfig) On() bool { return c.CertFile != "" }

// Validate says what is wrong, naming the key.
func (c TLSConfig) Validate() error {
	if (c.CertFile == "") != (c.KeyFile == "") {
		return errors.New("tls needs both cert_file and key_file, or neither")
	}
	return nil
}

// Load reads the files; nil where TLS is off.
func (c TLSConfig) Load() (*tls.Certificate, error) {
	if !c.On() {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return &certificate, nil
}

// Present replaces the certificate that new connections get.
func (g *Gateway) Present(certificate *tls.Certificate) { g.certificate.Store(certificate) }

// tlsConfig is for listeners over TLS: HTTP/2 or, with old clients, HTTP/1.1.
func (g *Gateway) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return g.certificate.Load(), nil
		},
	}
}
