package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// Nothing that the gateway was told in confidence, by its operators or by a client,
// is in anything that it says: its log at any level, what operators can ask, the
// answers of requests that fail, and what is wrong with a configuration.
func TestNoSecretIsSaid(t *testing.T) {
	const cookie, token, password = "s3cret-of-the-cluster", "s3cret-of-a-client", "s3cret-in-variables"
	files := beamtest.NewTLSFiles(t)
	key := strings.Split(string(read(t, files.NodeKey)), "\n")[1] // of its Base64
	file := filepath.Join(t.TempDir(), "cookie")
	if err := os.WriteFile(file, []byte(cookie), 0o600); err != nil {
		t.Fatal(err)
	}
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Cookie: cookie})
	config := strings.Replace(before(epmd,
		"    timeout: 300ms",
		"    contract: {validate: report, usage: true, sdl: public}",
		"    context: {user: {header: X-User, type: integer}, token: {header: X-Token}}"), cookieFile, file, 1) +
		fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s}\n", files.NodeCert, files.NodeKey)
	g := startGateway(t, config)

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, files.CA))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	var said bytes.Buffer
	ask := func(method, url, body string, header ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}, "Cookie": {"session=" + token}, "X-Api-Key": {token}, "X-Token": {token}}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(&said, resp.Body)
		fmt.Fprintln(&said, resp.Header)
		return resp.StatusCode
	}
	variables := `"variables":{"password":"` + password + `"}`
	for _, c := range []struct {
		body   string
		status int
		header []string
	}{
		{`{"query":"query ($password: String) { echoText(text: $password) }","variables":{"password":"public"}}`, 200, nil},
		{`{"query":"query ($password: Int) { counter }",` + variables + `}`, 200, nil},
		{`{"query":"{ exit }",` + variables + `}`, 500, nil},
		{`{"query":"{ badTerm }",` + variables + `}`, 500, nil},
		{`{"query":"{ sleep(ms: 60000) }",` + variables + `}`, 504, nil},
		{`{"query":"{ counter }","variables":{"password":"` + password + `",}}`, 400, nil},
		{`{"query":"{ counter }",` + variables, 400, nil},
		{`{"query":"{ counter }",` + variables + `}`, 400, []string{"X-User", token}},
		{`{"query":"{ counter }",` + variables + `}`, 400, []string{"X-Request-Timeout", token}},
		{`{"query":"{ counter }",` + variables + `}`, 406, []string{"Accept", token}},
	} {
		if status := ask(http.MethodPost, g.url+"/graphql", c.body, c.header...); status != c.status {
			t.Errorf("%s: %d", c.body, status)
		}
	}
	for _, path := range []string{"/status", "/metrics", "/usage", "/readyz", "/schema.graphql", "/graphql/schema.graphql"} {
		if status := ask(http.MethodGet, g.admin+path, ""); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}

	// Secrets in the wrong places of a new configuration, and as variables.
	everywhere := "node: {cookie: %[1]s, net_ticktime: %[1]s}\ntls: {key_file: [%[2]s]}\nlimits: %[3]s\ntrusted_proxies: %[3]s\napps: [{auth: {methods: [%[4]s]}, context: {a: %[4]s}}, %[4]s]"
	for _, bad := range []string{fmt.Sprintf(everywhere, cookie, key, password, token), "apps: [" + token} {
		g.configure(t, bad)
		refused := strings.Count(g.log.String(), "configuration refused")
		eventually(t, "it is refused", func() bool { return strings.Count(g.log.String(), "configuration refused") > refused })
		err := (&checkCommand{File: g.file}).Run(output{&said})
		if err == nil {
			t.Errorf("%s is valid", bad)
		}
		fmt.Fprintf(&said, "%v\n%+v\n", err, err)
	}
	g.configure(t, config)
	for name, value := range map[string]string{"LOUCHE_NODE_COOKIE": cookie + " ", "LOUCHE_LIMITS_BODY": password, "LOUCHE_TOKEN": token, "LOUCHE_APPS_0_AUTH": token} {
		t.Setenv(name, value)
	}
	_, err := (&configFlags{Config: g.file}).load()
	fmt.Fprintf(&said, "%v\n", err)
	t.Setenv("LOUCHE_LIMITS_BODY", "")
	t.Setenv("LOUCHE_APPS_0_AUTH", "")
	os.Unsetenv("LOUCHE_TOKEN")
	cfg, err := (&configFlags{Config: g.file}).load()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&said, "%v %+v %#v\n", cfg, *cfg, cfg.Node)

	said.WriteString(g.log.String())
	for name, secret := range map[string]string{"cookie": cookie, "key": key, "token": token, "password": password} {
		if at := strings.Index(said.String(), secret); at >= 0 {
			t.Errorf("the %s is said: …%s…", name, said.String()[max(0, at-300):min(said.Len(), at+len(secret)+100)])
		}
	}
	if n := strings.Count(said.String(), "s3cret"); n > 0 {
		t.Errorf("parts of secrets are said %d times", n)
	}
	for _, told := range []string{"request failed", "msg=operation ", "louche_requests_total", "uptime_seconds", "LOUCHE_TOKEN", "(secret)"} {
		if !strings.Contains(said.String(), told) {
			t.Errorf("%q is missing: this test does not look where it should", told)
		}
	}
}
