package e2e_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// configWithoutNodes returns the configuration of a gateway whose application has no node. Requests
// that pass the gateway's checks get 503.
func configWithoutNodes(lines ...string) string {
	return fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\napps:\n  - schema: A\n    discovery: {nodes: [a@127.0.0.1], epmd_port: 1}\n%s\n", cookieFile, strings.Join(lines, "\n"))
}

// answer returns the response, and the code of its error.
func answer(t *testing.T, client *http.Client, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return resp, ""
	}
	return resp, code(t, string(text))
}

// trusting returns a client that trusts an authority, and presents its certificate if
// presents is true. It uses a new connection for every request.
func trusting(t *testing.T, f beamtest.TLSFiles, http2, shows bool) *http.Client {
	t.Helper()
	config := trustingAuthority(t, f.CA)
	if shows {
		pair, err := tls.LoadX509KeyPair(f.ClientCert, f.ClientKey)
		if err != nil {
			t.Fatal(err)
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{Protocols: new(http.Protocols), TLSClientConfig: config, DisableKeepAlives: true}
	transport.Protocols.SetHTTP1(!http2)
	transport.Protocols.SetHTTP2(http2)
	return &http.Client{Transport: transport}
}

// CORS and CSRF prevention apply over both versions of HTTP.
func TestBrowsers(t *testing.T) {
	files := beamtest.NewTLSFiles(t)
	g := launch(t, configWithoutNodes(
		"    forms: true",
		`    cors: {origins: ["https://app.example.com"], credentials: true, max_age: 10m}`,
		fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s, min_version: \"1.3\"}", files.NodeCert, files.NodeKey)))
	url := g.url + "/graphql"
	for _, http2 := range []bool{false, true} {
		client := trusting(t, files, http2, false)
		for name, c := range map[string]struct {
			method, body string
			header       []string
			status       int
			code, allow  string
		}{
			"preflight":         {"OPTIONS", "", []string{"Origin", "https://app.example.com", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}, 200, "", "https://app.example.com"},
			"foreign preflight": {"OPTIONS", "", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}, 200, "", ""},
			"JSON":              {"POST", `{"query":"{ a }"}`, []string{"Origin", "https://app.example.com", "Content-Type", "application/json"}, 503, "NO_NODE_AVAILABLE", "https://app.example.com"},
			"form":              {"POST", `query={a}`, []string{"Origin", "https://app.example.com", "Content-Type", "application/x-www-form-urlencoded"}, 403, "CSRF", "https://app.example.com"},
			"asked form":        {"POST", `query={a}`, []string{"Origin", "https://app.example.com", "Content-Type", "application/x-www-form-urlencoded", "X-Requested-With", "x"}, 503, "NO_NODE_AVAILABLE", "https://app.example.com"},
			"foreign JSON":      {"POST", `{"query":"{ a }"}`, []string{"Origin", "https://evil.example", "Content-Type", "application/json"}, 403, "CSRF", ""},
			"link":              {"GET", "", nil, 403, "CSRF", ""},
		} {
			resp, got := answer(t, client, c.method, url, c.body, c.header...)
			if resp.StatusCode != c.status || got != c.code || resp.Header.Get("Access-Control-Allow-Origin") != c.allow || (resp.ProtoMajor == 2) != http2 || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s over %s: %d %s %v", name, resp.Proto, resp.StatusCode, got, resp.Header)
			}
		}
	}
}

// A reload reads the certificate of the gateway and the authorities of its clients, from
// the same files as well.
func TestReloadOfTLSFiles(t *testing.T) {
	first, second := beamtest.NewTLSFiles(t), beamtest.NewTLSFiles(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	place := func(f beamtest.TLSFiles) {
		for name, from := range map[string]string{"cert.pem": f.NodeCert, "key.pem": f.NodeKey, "clients.pem": f.CA} {
			text, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(file(name), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	place(first)
	yaml := configWithoutNodes(fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s, client_ca_file: %s, client_certificates: required}", file("cert.pem"), file("key.pem"), file("clients.pem")))
	g := launch(t, yaml)
	served := func(f beamtest.TLSFiles, http2, shows bool) bool {
		resp, err := trusting(t, f, http2, shows).Get(g.url + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == 200
	}
	for _, http2 := range []bool{false, true} {
		if !served(first, http2, true) || served(first, http2, false) || served(second, http2, true) {
			t.Errorf("HTTP/2 %v: at first: ours is served %v, without one %v, of elsewhere %v", http2, served(first, http2, true), served(first, http2, false), served(second, http2, true))
		}
	}
	place(second)
	g.configure(t, yaml+"# again\n")
	eventually(t, "the new files count", func() bool { return served(second, true, true) })
	for _, http2 := range []bool{false, true} {
		if !served(second, http2, true) || served(second, http2, false) || served(first, http2, true) {
			t.Errorf("HTTP/2 %v: then: ours is served %v, without one %v, of elsewhere %v", http2, served(second, http2, true), served(second, http2, false), served(first, http2, true))
		}
	}
}

// The operators' listener requires the token. A reload can change it, and cannot remove it.
func TestAdminToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	token := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const former, next = "0123456789abcdef", "fedcba9876543210"
	token(former)
	yaml := configWithoutNodes() + fmt.Sprintf("admin_token: {file: %s}\n", file)
	g := launch(t, yaml)
	status := func(path, shown string) int {
		req, _ := http.NewRequest("GET", g.admin+path, nil)
		if shown != "" {
			req.Header.Set("Authorization", "Bearer "+shown)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		path, shown string
		want        int
	}{
		{"/status", former, 200}, {"/metrics", former, 200},
		{"/status", "", 401}, {"/metrics", "", 401}, {"/status", next, 401},
		{"/healthz", "", 200}, {"/readyz", "", 503},
	} {
		if got := status(c.path, c.shown); got != c.want {
			t.Errorf("%s with %q: %d", c.path, c.shown, got)
		}
	}
	token(next)
	g.configure(t, yaml+"# again\n")
	eventually(t, "the new token counts", func() bool { return status("/status", next) == 200 })
	if got := status("/status", former); got != 401 {
		t.Errorf("with the former token: %d", got)
	}
	token("short")
	g.configure(t, yaml+"# and again\n")
	eventually(t, "the short one is refused", func() bool { return strings.Contains(g.log.String(), "configuration refused") })
	reloads := func() int { return strings.Count(g.log.String(), "configuration reloaded") }
	before := reloads()
	g.configure(t, configWithoutNodes())
	eventually(t, "a file without one is read", func() bool { return reloads() > before })
	if got := status("/status", ""); got != 401 {
		t.Errorf("without the key in the file: %d", got)
	}
	for _, secret := range []string{former, next, "short"} {
		if strings.Contains(strings.ReplaceAll(g.log.String(), "shorter", ""), secret) {
			t.Errorf("the log has the token:\n%s", g.log)
		}
	}
}
