package beamtest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"testing"
)

func TestTLSFiles(t *testing.T) {
	files := NewTLSFiles(t)
	n := StartNode(t, Options{EPMDPort: StartEPMD(t), ProtoDist: "inet_tls", SSLDistOptFile: files.SSLDistOptFile})
	port := n.Eval(t, `{:ok, [{_, port}]} = :erl_epmd.names({127, 0, 0, 1}); port`)

	authority, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	handshake := func(files TLSFiles) error {
		client, err := tls.LoadX509KeyPair(files.ClientCert, files.ClientKey)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", port), &tls.Config{
			RootCAs: roots,
			// In TLS 1.3 a client learns of a refusal only from its first read.
			MaxVersion:           tls.VersionTLS12,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &client, nil },
		})
		if err == nil {
			conn.Close()
		}
		return err
	}

	if err := handshake(files); err != nil {
		t.Errorf("handshake with the client's certificate: %v", err)
	}
	if err := handshake(NewTLSFiles(t)); err == nil {
		t.Error("handshake with a certificate of another authority: accepted")
	}
}
