package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/logtest"
)

// issuer is a certificate authority.
type issuer struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	a := &issuer{dir: t.TempDir()}
	a.cert = &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour)}
	a.key = a.write(t, "ca", a.cert)
	return a
}

func (a *issuer) file(name string) string { return filepath.Join(a.dir, name) }

// write writes a certificate to name.crt and its key to name.key.
func (a *issuer) write(t *testing.T, name string, cert *x509.Certificate) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := a.key
	if by == nil {
		by = key
	}
	cert.SerialNumber = big.NewInt(1)
	if cert.NotBefore.IsZero() {
		cert.NotBefore = time.Now().Add(-24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	cert.Raw = der
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.file(name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key
}

// server writes a certificate for servers on loopback.
func (a *issuer) server(t *testing.T, name string, ends time.Time) {
	t.Helper()
	a.write(t, name, &x509.Certificate{NotAfter: ends, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

// client writes a certificate for clients, and loads it.
func (a *issuer) client(t *testing.T, name string, ends time.Time, usage x509.ExtKeyUsage) []tls.Certificate {
	t.Helper()
	a.write(t, name, &x509.Certificate{NotAfter: ends, Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{usage}})
	pair, err := tls.LoadX509KeyPair(a.file(name+".crt"), a.file(name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{pair}
}

// serving is a server over TLS that answers with the name in the certificate of the client.
type serving struct {
	*Server
	url string
	log *logtest.Recorder
}

func serveTLS(t *testing.T, config TLSConfig) *serving {
	t.Helper()
	s := &serving{log: new(logtest.Recorder)}
	s.Server = newServer(slog.New(slog.NewTextHandler(s.log, nil)))
	s.load(t, config)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "https://" + l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- s.ServeTLS(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c := s.CertificateOf(r.TLS); c != nil {
				io.WriteString(w, c.Subject.CommonName)
			}
		}), func() time.Duration { return time.Second })
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

func (s *serving) load(t *testing.T, config TLSConfig) {
	t.Helper()
	config.SetDefaults()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	s.SetTLSConfig(loaded)
}

// clientOf returns a client that trusts an authority and speaks one version of HTTP.
func clientOf(t *testing.T, a *issuer, http2 bool, configure func(*tls.Config)) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	text, err := os.ReadFile(a.file("ca.crt"))
	if err != nil || !roots.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetHTTP2(http2)
	configure(transport.TLSClientConfig)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask returns the name in the certificate that the gateway saw, or "refused".
func (s *serving) ask(client *http.Client) (name string, state *tls.ConnectionState) {
	resp, err := client.Get(s.url)
	if err != nil {
		return "refused", nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body), resp.TLS
}

func TestClientCertificates(t *testing.T) {
	ours, others := newIssuer(t), newIssuer(t)
	ours.server(t, "server", time.Now().Add(time.Hour))
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	shown := map[string][]tls.Certificate{
		"none":                 nil,
		"ours":                 ours.client(t, "alice", soon, x509.ExtKeyUsageClientAuth),
		"a server's":           ours.client(t, "server2", soon, x509.ExtKeyUsageServerAuth),
		"expired":              ours.client(t, "expired", past, x509.ExtKeyUsageClientAuth),
		"of another authority": others.client(t, "alice", soon, x509.ExtKeyUsageClientAuth),
	}
	for _, mode := range []string{"", "optional", "required"} {
		config := TLSConfig{CertFile: ours.file("server.crt"), KeyFile: ours.file("server.key"), ClientCAFile: ours.file("ca.crt"), ClientCertificates: mode}
		s := serveTLS(t, config)
		for name, certificates := range shown {
			want := "refused"
			switch {
			case name == "ours":
				want = "alice"
			case name == "none" && mode != "required":
				want = ""
			}
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				for _, http2 := range []bool{false, true} {
					got, _ := s.ask(clientOf(t, ours, http2, func(c *tls.Config) {
						c.MaxVersion = version
						c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
							if certificates == nil {
								return new(tls.Certificate), nil
							}
							return &certificates[0], nil // also if the server does not name its issuer
						}
					}))
					if got != want {
						t.Errorf("%q, %s, %s, HTTP/2 %v: %q, want %q", mode, name, tls.VersionName(version), http2, got, want)
					}
				}
			}
		}
	}
}

// Once an authority is removed, its certificates do not count: in new connections, in
// resumed sessions and in open connections.
func TestReplacedAuthority(t *testing.T) {
	ours, former, next := newIssuer(t), newIssuer(t), newIssuer(t)
	ours.server(t, "server", time.Now().Add(time.Hour))
	config := TLSConfig{CertFile: ours.file("server.crt"), KeyFile: ours.file("server.key"), ClientCAFile: former.file("ca.crt")}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := serveTLS(t, config)
		sessions := tls.NewLRUClientSessionCache(8)
		with := func(a *issuer, http2 bool) *http.Client {
			pair := a.client(t, "alice", time.Now().Add(time.Hour), x509.ExtKeyUsageClientAuth)
			return clientOf(t, ours, http2, func(c *tls.Config) {
				c.MaxVersion, c.Certificates, c.ClientSessionCache = version, pair, sessions
			})
		}
		open, again := with(former, true), with(former, false) // HTTP/2 stays open for certain
		if seen, _ := s.ask(open); seen != "alice" {
			t.Fatalf("at first: %q", seen)
		}
		if seen, state := s.ask(again); seen != "alice" || !state.DidResume {
			t.Errorf("a session that is resumed: %q, %+v", seen, state)
		}
		again.CloseIdleConnections()

		config := config
		config.ClientCAFile = next.file("ca.crt")
		s.load(t, config)
		if seen, _ := s.ask(open); seen != "" {
			t.Errorf("%s: over an open connection: %q", tls.VersionName(version), seen)
		}
		if seen, state := s.ask(again); seen != "" && seen != "refused" || state != nil && state.DidResume {
			t.Errorf("%s: over a new connection: %q", tls.VersionName(version), seen)
		}
		if seen, _ := s.ask(with(next, false)); seen != "alice" {
			t.Errorf("%s: of the new authority: %q", tls.VersionName(version), seen)
		}

		config.ClientCAFile = ""
		s.load(t, config)
		if seen, _ := s.ask(with(next, false)); seen != "" {
			t.Errorf("%s: without client_ca_file: %q", tls.VersionName(version), seen)
		}
	}
}

// A certificate that expires while its connection is open does not count.
func TestCertificateExpiresWhileConnected(t *testing.T) {
	ours := newIssuer(t)
	ours.server(t, "server", time.Now().Add(time.Hour))
	s := serveTLS(t, TLSConfig{CertFile: ours.file("server.crt"), KeyFile: ours.file("server.key"), ClientCAFile: ours.file("ca.crt")})
	pair := ours.client(t, "alice", time.Now().Add(-time.Minute), x509.ExtKeyUsageClientAuth)
	leaf, root := pair[0].Leaf, x509.Certificate{}
	if parsed, err := x509.ParseCertificate(ours.cert.Raw); err == nil {
		root = *parsed
	}
	if got := s.CertificateOf(&tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf, &root}}}); got != nil {
		t.Errorf("%v", got.Subject)
	}
}

func TestLeastVersion(t *testing.T) {
	ours := newIssuer(t)
	ours.server(t, "server", time.Now().Add(time.Hour))
	for least, want := range map[string]string{"": "", "1.2": "", "1.3": "refused"} {
		s := serveTLS(t, TLSConfig{CertFile: ours.file("server.crt"), KeyFile: ours.file("server.key"), MinVersion: least})
		if got, _ := s.ask(clientOf(t, ours, true, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })); got != want {
			t.Errorf("%q: TLS 1.2 is %q", least, got)
		}
		if got, _ := s.ask(clientOf(t, ours, true, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11; c.MinVersion = tls.VersionTLS10 })); got != "refused" {
			t.Errorf("%q: TLS 1.1 is %q", least, got)
		}
	}
}

func TestCertificateFiles(t *testing.T) {
	ours, others := newIssuer(t), newIssuer(t)
	now := time.Now()
	ours.server(t, "long", now.Add(300*24*time.Hour))
	ours.write(t, "soon", &x509.Certificate{NotBefore: now.Add(-80 * 24 * time.Hour), NotAfter: now.Add(10 * 24 * time.Hour)})
	ours.write(t, "short", &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(5 * 24 * time.Hour)})
	ours.server(t, "past", now.Add(-time.Hour))
	ours.write(t, "future", &x509.Certificate{NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)})
	others.server(t, "long", now.Add(time.Hour))
	for name, want := range map[string]string{"long": "", "short": "", "soon": "expires soon", "past": "has expired", "future": "not valid yet"} {
		s := serveTLS(t, TLSConfig{CertFile: ours.file(name + ".crt"), KeyFile: ours.file(name + ".key")})
		if log := s.log.String(); !strings.Contains(log, want) || want == "" && log != "" {
			t.Errorf("%s: %s", name, log)
		}
	}
	open := ours.file("open.key")
	key, _ := os.ReadFile(ours.file("long.key"))
	os.WriteFile(open, key, 0o600)
	os.Chmod(open, 0o644)
	for name, c := range map[string]struct {
		config TLSConfig
		want   []string
	}{
		"another's key":  {TLSConfig{CertFile: ours.file("long.crt"), KeyFile: others.file("long.key")}, []string{"long.crt", "long.key", "does not match"}},
		"no certificate": {TLSConfig{CertFile: ours.file("none.crt"), KeyFile: ours.file("long.key")}, []string{"tls.cert_file", "none.crt"}},
		"no key":         {TLSConfig{CertFile: ours.file("long.crt"), KeyFile: ours.file("none.key")}, []string{"tls.key_file", "none.key"}},
		"a readable key": {TLSConfig{CertFile: ours.file("long.crt"), KeyFile: open}, []string{"tls.key_file", "open.key", "chmod"}},
		"no authorities": {TLSConfig{CertFile: ours.file("long.crt"), KeyFile: ours.file("long.key"), ClientCAFile: ours.file("none.crt")}, []string{"tls.client_ca_file", "none.crt"}},
		"a key as authorities": {TLSConfig{CertFile: ours.file("long.crt"), KeyFile: ours.file("long.key"), ClientCAFile: ours.file("long.key")},
			[]string{"tls.client_ca_file", "long.key", "no certificate"}},
	} {
		_, err := c.config.Load()
		if err == nil {
			t.Errorf("%s: it is accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
