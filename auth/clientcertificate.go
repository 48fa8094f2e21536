package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
)

// ClientCertificateConfig is the method client_certificate: the certificate of the client
// from the TLS handshake. crypto/tls has verified it: an authority of tls.client_ca_file
// issued it, and its extended key usage is clientAuth or absent.
type ClientCertificateConfig struct{}

func (c *ClientCertificateConfig) setDefaults()        {}
func (c *ClientCertificateConfig) validate(bool) error { return nil }
func (c *ClientCertificateConfig) newMethod(methodDependencies) (method, error) {
	return clientCertificate{}, nil
}

type clientCertificate struct{}

func (clientCertificate) authenticate(_ context.Context, r *Request) (*Identity, error) {
	certificate := r.Certificate
	if certificate == nil {
		return nil, nil
	}
	claims := certificateClaims(certificate)
	subject, ok := claims["sub"].(string)
	if !ok {
		return nil, fmt.Errorf("%w: client_certificate: the certificate has no common name, URI, DNS name or e-mail address", ErrInvalidCredentials)
	}
	return &Identity{Method: "client_certificate", Issuer: certificate.Issuer.String(), Subject: subject, Claims: claims, Expires: certificate.NotAfter}, nil
}

// certificateClaims returns the claims of a certificate. An absent attribute is no claim.
func certificateClaims(c *x509.Certificate) map[string]any {
	fingerprint := sha256.Sum256(c.Raw)
	claims := map[string]any{
		"issuer":      c.Issuer.String(),
		"serial":      c.SerialNumber.Text(16),
		"fingerprint": hex.EncodeToString(fingerprint[:]),
	}
	var uris []string
	for _, uri := range c.URIs {
		uris = append(uris, uri.String())
	}
	for name, texts := range map[string][]string{
		"organization":        c.Subject.Organization,
		"organizational_unit": c.Subject.OrganizationalUnit,
		"dns_names":           c.DNSNames,
		"uris":                uris,
		"emails":              c.EmailAddresses,
	} {
		var list []any
		for _, text := range texts {
			list = append(list, text)
		}
		if list != nil {
			claims[name] = list
		}
	}
	if c.Subject.CommonName != "" {
		claims["common_name"] = c.Subject.CommonName
	}
	if sub := cmp.Or(c.Subject.CommonName, first(uris), first(c.DNSNames), first(c.EmailAddresses)); sub != "" {
		claims["sub"] = sub
	}
	return claims
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

func (clientCertificate) headers() []string            { return nil }
func (clientCertificate) usesAmbientCredentials() bool { return true }
