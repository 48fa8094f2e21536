package beamtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TLSFiles are the files of TLS distribution: an authority, a certificate for nodes on
// loopback (127.0.0.1, ::1, localhost) and one for a client. Node and client each
// require a certificate of that authority.
type TLSFiles struct {
	SSLDistOptFile string // as the node sees it, for Options

	// PEM, as the test process sees them.
	CA         string
	NodeCert   string
	NodeKey    string
	ClientCert string
	ClientKey  string
}

// NewTLSFiles makes such files, with a new authority each time.
func NewTLSFiles(t testing.TB) TLSFiles {
	t.Helper()
	outside, inside := SharedDir(t)

	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority of the tests"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	caKey := writeCertificate(t, outside, "ca", ca, ca, nil)
	writeCertificate(t, outside, "node", &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "node"},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		// OTP 25 checks the host of a node name as a DNS name, even if it is an
		// address.
		DNSNames:    []string{"localhost", "127.0.0.1", "::1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, ca, caKey)
	writeCertificate(t, outside, "client", &x509.Certificate{
		SerialNumber: big.NewInt(3),
		Subject:      pkix.Name{CommonName: "client"},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, caKey)

	options := fmt.Sprintf(`{certfile, "%[1]s/node.crt"}, {keyfile, "%[1]s/node.key"}, {cacertfile, "%[1]s/ca.crt"}, {verify, verify_peer}`, inside)
	conf := fmt.Sprintf("[{server, [%[1]s, {fail_if_no_peer_cert, true}]},\n {client, [%[1]s]}].\n", options)
	if err := os.WriteFile(filepath.Join(outside, "ssl_dist.conf"), []byte(conf), 0o600); err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	return TLSFiles{
		SSLDistOptFile: filepath.Join(inside, "ssl_dist.conf"),
		CA:             filepath.Join(outside, "ca.crt"),
		NodeCert:       filepath.Join(outside, "node.crt"),
		NodeKey:        filepath.Join(outside, "node.key"),
		ClientCert:     filepath.Join(outside, "client.crt"),
		ClientKey:      filepath.Join(outside, "client.key"),
	}
}

// writeCertificate makes a key and a certificate of issuer, self-signed without
// issuerKey. It writes dir/name.crt and dir/name.key.
func writeCertificate(t testing.TB, dir, name string, certificate, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("beamtest: %v", err)
	}
	if issuerKey == nil {
		issuerKey = key
	}
	certificate.NotBefore = time.Now().Add(-time.Hour)
	certificate.NotAfter = time.Now().Add(24 * time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, certificate, issuer, key.Public(), issuerKey)
	if err != nil {
		t.Fatalf("beamtest: certificate %s: %v", name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("beamtest: key %s: %v", name, err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".crt": {Type: "CERTIFICATE", Bytes: der},
		name + ".key": {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatalf("beamtest: %v", err)
		}
	}
	return key
}
