package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/url"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/auth"
)

func certificate(tb testing.TB, template x509.Certificate) *x509.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template.SerialNumber = big.NewInt(0xbeef)
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "My Authority"}}
	der, err := x509.CreateCertificate(rand.Reader, &template, issuer, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestClientCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		uri, _ := url.Parse("spiffe://example.com/billing")
		full := x509.Certificate{
			Subject:        pkix.Name{CommonName: "billing", Organization: []string{"Acme"}, OrganizationalUnit: []string{"Money", "Reports"}},
			URIs:           []*url.URL{uri},
			DNSNames:       []string{"billing.example.com"},
			EmailAddresses: []string{"billing@example.com"},
			NotAfter:       expires,
		}
		a := newAuthenticator(t, "methods: [{client_certificate: {}}]")
		shown := certificate(t, full)
		identity, err := a.Authenticate(t.Context(), &auth.Request{Certificate: shown})
		fingerprint := sha256.Sum256(shown.Raw)
		want := &auth.Identity{Method: "client_certificate", Issuer: "CN=My Authority", Subject: "billing", Expires: expires, Claims: map[string]any{
			"sub":                 "billing",
			"common_name":         "billing",
			"organization":        []any{"Acme"},
			"organizational_unit": []any{"Money", "Reports"},
			"uris":                []any{"spiffe://example.com/billing"},
			"dns_names":           []any{"billing.example.com"},
			"emails":              []any{"billing@example.com"},
			"serial":              "beef",
			"issuer":              "CN=My Authority",
			"fingerprint":         hex.EncodeToString(fingerprint[:]),
		}}
		if err != nil || !reflect.DeepEqual(identity, want) {
			t.Errorf("%+v, %v", identity, err)
		}
		if !a.UsesAmbientCredentials() {
			t.Error("a client certificate is an ambient credential")
		}

		for _, tt := range []struct {
			less func()
			want string
		}{
			{func() { full.Subject.CommonName = "" }, "client_certificate spiffe://example.com/billing"},
			{func() { full.URIs = nil }, "client_certificate billing.example.com"},
			{func() { full.DNSNames = nil }, "client_certificate billing@example.com"},
			{func() { full.EmailAddresses = nil }, refused},
		} {
			tt.less()
			if got := outcome(t, a, &auth.Request{Certificate: certificate(t, full)}); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		}
		if got := outcome(t, a, &auth.Request{}); got != anonymous {
			t.Errorf("without a certificate: %s", got)
		}
	})
}
