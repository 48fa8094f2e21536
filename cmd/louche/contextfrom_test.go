package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/beamtest"
)

// An application per function, since the claims of nobody say nothing else.
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

	for _, user := range []string{"1", "2"} { // what is configured is of each request, what is built is kept
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
		clients string // to whom no more is shown
	}{
		"/refused":   {401, "UNAUTHENTICATED", `{:error, \"a secret`, "The application does not accept who is asking."},
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
