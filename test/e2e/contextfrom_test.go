package e2e_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// Each function has an application of its own: without methods, the claims cannot select
// one.
func TestContextFrom(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	yaml := fmt.Sprintf("node: {name: louche@127.0.0.1, cookie_file: %s}\ntrusted_proxies: [127.0.0.0/8]\napps:\n", cookieFile)
	for path, lines := range map[string]string{
		"built":     "context_from: TestApp.Gateway.build_context\n    context_cache: 1h",
		"refused":   "context_from: TestApp.Gateway.refuse",
		"exposed":   "context_from: TestApp.Gateway.refuse\n    expose_errors: true",
		"forbidden": "context_from: TestApp.Gateway.forbid!",
		"crashes":   "context_from: TestApp.Gateway.crash",
		"missing":   "context_from: TestApp.Gateway.no_such",
	} {
		yaml += fmt.Sprintf(`  - path: /%s
    schema: TestApp.Schema
    discovery: {dns: [127.0.0.1], prefix: testapp, epmd_port: %d}
    context: {current_user_id: {header: X-User-Id, type: integer}}
    %s
`, path, epmd, lines)
	}
	g := startGateway(t, yaml)

	for _, user := range []string{"1", "2"} { // context fields are of each request, the result of context_from is cached
		want := fmt.Sprintf(`{"data":{"contextText":"%%{claims: %%{}, current_user_id: %s}"}}`, user)
		if status, got := g.postTo(t, "/built", `{"query":"{ contextText }"}`, "X-User-Id", user); status != 200 || got != want {
			t.Errorf("%d %s, want %s", status, got, want)
		}
	}
	if got := node.Eval(t, "TestApp.Gateway.called()"); got != "1" {
		t.Errorf("built %s times", got)
	}

	for path, want := range map[string]struct {
		status  int
		code    string
		cause   string // in the log
		clients string // the message for clients
	}{
		"/refused":   {401, "UNAUTHENTICATED", `{:error, \"a secret`, "The application refused the request's credentials."},
		"/exposed":   {401, "UNAUTHENTICATED", `{:error, \"a secret`, `{:error, \"a secret`},
		"/forbidden": {403, "FORBIDDEN", `{:error, :forbidden}`, "The application does not allow this."},
		"/crashes":   {500, "INTERNAL", "a secret of the function", "The operation failed in the application."},
		"/missing":   {500, "INTERNAL", "{TestApp.Gateway, :no_such, 1}, :undef", "The operation failed in the application."},
	} {
		status, answer := g.postTo(t, path, `{"query":"mutation { append(id: \"1\") }"}`)
		if status != want.status || code(t, answer) != want.code || !strings.Contains(answer, want.clients) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
		if path != "/exposed" && strings.Contains(answer, "secret") {
			t.Errorf("%s: the client sees %s", path, answer)
		}
		eventually(t, path+" is in the log, with "+want.cause, func() bool {
			for line := range strings.Lines(g.log.String()) {
				if strings.Contains(line, "path="+path+" ") && strings.Contains(line, want.cause) {
					return true
				}
			}
			return false
		})
	}
	if got := node.Appended(t); len(got) > 0 {
		t.Errorf("ran %v", got)
	}
	if status, answer := g.postTo(t, "/built", `{"query":"mutation { append(id: \"1\") }"}`); status != 200 || len(node.Appended(t)) != 1 {
		t.Errorf("%d %s, ran %v", status, answer, node.Appended(t))
	}
}

// The function gets the claims of the identity. A cached result is for this identity only:
// another issuer, method or set of claims is another identity.
func TestContextFromClaims(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	public := write(t, issuer.public)
	g := startGateway(t, configFor(epmd,
		"    context_from: TestApp.Gateway.build_context",
		"    context_cache: 1h",
		"    auth:",
		"      anonymous: allow",
		"      methods:",
		"        - jwt: {public_key_file: "+public+", issuer: us, audience: [my-app]}",
		"        - jwt: {public_key_file: "+public+", issuer: them, audience: [my-app]}",
		"        - api_keys:",
		"            keys:",
		fmt.Sprintf("              - {name: \"42\", sha256: %q}", hash(apiKey)),
		fmt.Sprintf("              - {name: \"43\", sha256: %q, claims: {limit: 10, roles: [a, b]}}", hash(apiKey+"3")),
	))
	const expires = 4102444800
	token := func(claims map[string]any) []string {
		claims["exp"] = expires
		return []string{"Authorization", "Bearer " + issuer.sign("ES256", claims)}
	}
	callers := []struct {
		name   string
		header []string
		claims string
	}{
		{"anonymous", nil, `%{}`},
		{"a user", token(map[string]any{}), `%{"aud" => "my-app", "exp" => 4102444800, "iss" => "us", "sub" => "42"}`},
		{"another user", token(map[string]any{"sub": "43"}), `%{"aud" => "my-app", "exp" => 4102444800, "iss" => "us", "sub" => "43"}`},
		{"of another issuer", token(map[string]any{"iss": "them"}), `%{"aud" => "my-app", "exp" => 4102444800, "iss" => "them", "sub" => "42"}`},
		{"the user, with other claims", token(map[string]any{"admin": true}), `%{"admin" => true, "aud" => "my-app", "exp" => 4102444800, "iss" => "us", "sub" => "42"}`},
		{"a program", []string{"X-Api-Key", apiKey}, `%{"sub" => "42"}`},
		{"another program", []string{"X-Api-Key", apiKey + "3"}, `%{"limit" => 10, "roles" => ["a", "b"], "sub" => "43"}`},
	}
	for range 2 { // the second request hits the cache
		for _, c := range callers {
			body, _ := json.Marshal(map[string]any{
				"query":     `query($term: String!) { contextIs(term: $term) contextText }`,
				"variables": map[string]string{"term": "%{claims: " + c.claims + "}"},
			})
			if status, answer := g.post(t, string(body), c.header...); status != 200 || !strings.Contains(answer, `"contextIs":true`) {
				t.Errorf("%s: %d %s", c.name, status, answer)
			}
		}
	}
	if got, want := node.Eval(t, "TestApp.Gateway.called()"), strconv.Itoa(len(callers)); got != want {
		t.Errorf("built %s times for %s callers", got, want)
	}
	if status, answer := g.post(t, `{"query":"{ contextText }"}`, "X-Api-Key", apiKey+"4"); status != 401 || node.Eval(t, "TestApp.Gateway.called()") != "0" {
		t.Errorf("an unknown key: %d %s", status, answer)
	}
}
