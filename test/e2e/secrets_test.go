package e2e_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/redistest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// No secret of operators or clients appears in the output of the gateway: in the log at any
// level, on the operators' listener, in error responses, in errors of the configuration.
func TestOutputHasNoSecret(t *testing.T) {
	const cookie, token, password = "s3cret-of-the-cluster", "s3cret-of-a-client", "s3cret-in-variables"
	files := beamtest.NewTLSFiles(t)
	key := strings.Split(string(read(t, files.NodeKey)), "\n")[1] // a line of its Base64
	file := filepath.Join(t.TempDir(), "cookie")
	if err := os.WriteFile(file, []byte(cookie), 0o600); err != nil {
		t.Fatal(err)
	}
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd, Cookie: cookie})
	config := strings.Replace(configFor(epmd,
		"    contract: {validate: report, usage: true, sdl: public}",
		"    context: {user: {header: X-User, type: integer}, token: {header: X-Token}}"), cookieFile, file, 1) +
		fmt.Sprintf("\ntls: {cert_file: %s, key_file: %s}\n", files.NodeCert, files.NodeKey)
	g := startGateway(t, config)

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trustingAuthority(t, files.CA), DisableKeepAlives: true}}
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
		{`{"query":"{ sleep(ms: 60000) }",` + variables + `}`, 504, []string{"X-Request-Timeout", "100ms"}},
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
	eventually(t, "the schema is known", func() bool { return ask(http.MethodGet, g.admin+"/schema.graphql", "") == http.StatusOK })
	for _, path := range []string{"/status", "/metrics", "/usage", "/readyz", "/schema.graphql", "/graphql/schema.graphql"} {
		if status := ask(http.MethodGet, g.admin+path, ""); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}

	// Secrets stand in the wrong places of a new configuration, and in variables.
	everywhere := "node: {cookie: %[1]s, net_ticktime: %[1]s}\ntls: {key_file: [%[2]s]}\nlimits: %[3]s\ntrusted_proxies: %[3]s\napps: [{auth: {methods: [%[4]s]}, context: {a: %[4]s}}, %[4]s]"
	for _, bad := range []string{fmt.Sprintf(everywhere, cookie, key, password, token), "apps: [" + token} {
		refused := strings.Count(g.log.String(), "configuration refused")
		g.configure(t, bad)
		eventually(t, "it is refused", func() bool { return strings.Count(g.log.String(), "configuration refused") > refused })
		_, err := loadConfig(g.file)
		if err == nil {
			t.Errorf("%s is valid", bad)
		}
		fmt.Fprintf(&said, "%v\n%+v\n", err, err)
	}
	g.configure(t, config)
	for name, value := range map[string]string{"LOUCHE_NODE_COOKIE": cookie + " ", "LOUCHE_LIMITS_BODY": password, "LOUCHE_TOKEN": token, "LOUCHE_APPS_0_AUTH": token} {
		t.Setenv(name, value)
	}
	_, err := loadConfig(g.file)
	fmt.Fprintf(&said, "%v\n", err)
	t.Setenv("LOUCHE_LIMITS_BODY", "")
	t.Setenv("LOUCHE_APPS_0_AUTH", "")
	os.Unsetenv("LOUCHE_TOKEN")
	cfg, err := loadConfig(g.file)
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
	for _, told := range []string{"request failed", "msg=request ", "louche_requests_total", "uptime_seconds", "LOUCHE_TOKEN", "(secret)"} {
		if !strings.Contains(said.String(), told) {
			t.Errorf("%q is missing: this test does not look where it should", told)
		}
	}
}

// The same holds for all methods of authentication: their keys, valid and invalid
// credentials, and the claims.
func TestOutputHasNoCredential(t *testing.T) {
	const (
		jwtSecret = "s3cret-that-tokens-are-signed-with-by-the-issuer"
		keyBase   = "s3cret-key-base-of-the-endpoint-s3cret-key-base-of-the-endpoint"
		goodKey   = "s3cret-api-key-of-a-caller"
		badKey    = "s3cret-api-key-of-no-caller"
		claim     = "s3cret-of-a-claim"
		admin     = "s3cret-of-the-operators"
		password  = "s3cret-of-redis"
		guess     = "s3cret-guessed-by-a-client"
	)
	for name, value := range map[string]string{"TEST_JWT": jwtSecret, "TEST_REDIS": password, "TEST_ADMIN": admin, "TEST_SHORT": "s3cret"} {
		t.Setenv(name, value)
	}
	redis := redistest.Start(t, "--requirepass", "another")
	epmd := beamtest.StartEPMD(t)
	beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	methods := fmt.Sprintf(`
        - jwt: {secret: {env: TEST_JWT}, issuer: us, audience: [my-app]}
        - jwt: {secret: {env: TEST_JWT}, issuer: us, audience: [my-app], cookie: token}
        - phoenix_token: {secret_key_base: {file: %s}, salt: user auth}
        - api_keys: {keys: [{name: billing, sha256: %q, claims: {email: %s}}]}
        - proxy_headers: {subject: X-Subject, claims: {email: X-Email}}`, write(t, keyBase), hash(goodKey), claim)
	config := configFor(epmd, "    cors: {origins: []}", "    contract: {validate: report, usage: true}",
		"    context: {email: {claim: email}, age: {claim: age, type: integer}, role: {claim: role, type: atom, atoms: [admin]}, locale: {cookie: locale}}",
		"    rate_limits: [{by: identity, limit: 100, per: 24h}, {by: {claim: email}, kind: mutation, limit: 1, per: 24h}]",
		"    auth:",
		"      anonymous: allow",
		"      operations: [{name: Delete, require: {claims: {email: nobody}}}, {name: Scoped, require: {scopes: [all]}}]",
		"      methods:"+methods) +
		fmt.Sprintf("admin_token: {env: TEST_ADMIN}\nredis: {address: '%s', password: {env: TEST_REDIS}}\n", redis.Addr)
	g := startGateway(t, config)

	issuer, other := jwtIssuer{public: jwtSecret}, jwtIssuer{public: "another" + jwtSecret}
	token := func(claims map[string]any) string {
		all := map[string]any{"email": claim}
		maps.Copy(all, claims)
		return issuer.sign("HS256", all)
	}
	phoenix := phoenixTokens{keyBase, "user auth"}
	// Each client presents credentials that this process made, in these headers.
	var presented []string
	bearer := func(token string) []string {
		presented = append(presented, strings.Split(token, ".")...)
		return []string{"Authorization", "Bearer " + token}
	}
	cookie := func(token string) []string {
		presented = append(presented, strings.Split(token, ".")...)
		return []string{"Cookie", "token=" + token + "; locale=" + guess}
	}
	var said bytes.Buffer
	ask := func(method, url, body string, header ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(&said, resp.Body)
		fmt.Fprintln(&said, resp.Header)
		return resp.StatusCode
	}
	query := func(document string) string { return fmt.Sprintf(`{"query":%q}`, document) }
	for i, c := range []struct {
		header []string
		body   string
		status int
	}{
		{bearer(token(nil)), query("{ counter }"), 200},
		{bearer(token(nil)), query("{ exit }"), 500},
		{bearer(token(nil)), query(`{ raise(message: "no secret") }`), 500},
		{bearer(token(nil)), query("mutation Delete { append(id: 1) }"), 403},
		{bearer(token(nil)), query("query Scoped { counter }"), 403},
		{bearer(token(nil)), query("mutation { append(id: 1) }"), 200},
		{bearer(token(nil)), query("mutation { append(id: 1) }"), 429},
		{bearer(token(map[string]any{"age": claim})), query("{ counter }"), 401},
		{bearer(token(map[string]any{"role": claim})), query("{ counter }"), 401},
		{bearer(token(map[string]any{"aud": claim})), query("{ counter }"), 401},
		{bearer(token(map[string]any{"iss": claim})), query("{ counter }"), 401},
		{bearer(token(map[string]any{"exp": claim})), query("{ counter }"), 401},
		{bearer(token(map[string]any{"exp": 1})), query("{ counter }"), 401},
		{bearer(other.sign("HS256", map[string]any{"email": claim})), query("{ counter }"), 401},
		{bearer(issuer.sign("none", map[string]any{"email": claim})), query("{ counter }"), 401},
		{bearer(strings.TrimSuffix(token(nil), "A") + "?"), query("{ counter }"), 401},
		{bearer(guess), query("{ counter }"), 401},
		{bearer("ey" + guess + "." + guess + "." + guess), query("{ counter }"), 401},
		{cookie(token(nil)), query("{ counter }"), 200},
		{cookie(token(map[string]any{"exp": 1})), query("{ counter }"), 200}, // anonymous
		{cookie(token(map[string]any{"exp": 1})), query("query Scoped { counter }"), 401},
		{bearer(phoenix.sign(42, time.Now())), query("{ counter }"), 200},
		{bearer(phoenix.sign(42, time.Now().Add(-48*time.Hour))), query("{ counter }"), 401},
		{bearer(phoenix.tamper(42, 43)), query("{ counter }"), 401},
		{[]string{"X-Api-Key", goodKey}, query("{ exit }"), 500},
		{[]string{"X-Api-Key", badKey}, query("{ counter }"), 401},
		{[]string{"X-Api-Key", "s3cret"}, query("{ counter }"), 401},
		{[]string{"X-Subject", guess, "X-Email", claim}, query("{ exit }"), 500},
		{[]string{"Authorization", "Basic " + guess, "Cookie", guess}, query("{ exit }"), 500},
	} {
		if status := ask(http.MethodPost, g.url+"/graphql", c.body, c.header...); status != c.status {
			t.Errorf("%d: %s: %d", i, c.body, status)
		}
	}
	for _, path := range []string{"/status", "/metrics", "/usage"} {
		for shown, want := range map[string]int{admin: 200, guess: 401} {
			if status := ask(http.MethodGet, g.admin+path, "", "Authorization", "Bearer "+shown); status != want {
				t.Errorf("%s: %d", path, status)
			}
		}
	}

	// Invalid secrets, and secrets at wrong places.
	for _, bad := range []string{
		strings.Replace(config, "{env: TEST_JWT}", jwtSecret, 1),
		strings.Replace(config, "{env: TEST_REDIS}", password, 1),
		strings.Replace(config, "{env: TEST_ADMIN}", admin, 1),
		strings.Replace(config, hash(goodKey), goodKey, 1),
		strings.Replace(config, "salt: user auth", "secret: "+keyBase, 1),
		strings.Replace(config, "{env: TEST_JWT}", "{env: TEST_SHORT}", 1),
		strings.Replace(config, "{env: TEST_ADMIN}", "{env: TEST_SHORT}", 1),
		strings.Replace(config, "      methods:", "      methods: "+guess, 1),
	} {
		g.configure(t, bad)
		cfg, err := loadConfig(g.file)
		if err == nil {
			err = cfg.CheckFiles()
		}
		if err == nil {
			t.Fatalf("%s is taken", bad)
		}
		fmt.Fprintf(&said, "%v\n%+v\n%#v\n", err, err, err)
	}
	g.configure(t, config)
	cfg, err := loadConfig(g.file)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&said, "%v %+v %#v %+v\n", cfg, *cfg, cfg.Redis, cfg.AdminToken)
	for _, m := range cfg.Apps[0].Auth.Methods[:3] {
		fmt.Fprintf(&said, "%+v %+v\n", m.JWT, m.PhoenixToken)
	}

	said.WriteString(g.log.String())
	text := strings.ReplaceAll(said.String(), "email: "+claim, "") // a constant of the configuration
	for _, part := range presented {
		if len(part) > 8 && strings.Contains(text, part) {
			t.Errorf("a part of a token is said: %s", part)
		}
	}
	for at := strings.Index(text, "s3cret"); at >= 0; at = -1 {
		t.Errorf("%d secrets are said, the first of them: …%s…", strings.Count(text, "s3cret"), text[max(0, at-300):min(len(text), at+100)])
	}
	for _, told := range []string{"request failed", "identity=jwt", "identity=phoenix_token", "identity=api_keys", "identity=proxy_headers", "code=UNAUTHENTICATED", "WRONGPASS", "the secret has 6 bytes", "admin_token is shorter", "{file: PATH}"} {
		if !strings.Contains(text, told) {
			t.Errorf("%q is missing: this test does not look where it should", told)
		}
	}
}
