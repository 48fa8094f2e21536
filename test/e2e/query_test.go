package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

func TestQueryWithoutGateway(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	file := write(t, patient(configFor(epmd)))
	document := filepath.Join(t.TempDir(), "append.graphql")
	if err := os.WriteFile(document, []byte(`mutation Append($id: String!) { append(id: $id) }`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"query":             {[]string{"{ counter }"}, 0, `"counter": `},
		"context":           {[]string{"{ contextText }", "--context", "{current_user_id: 42, roles: [admin]}"}, 0, "current_user_id: 42"},
		"a file":            {[]string{document, "--operation", "Append", "--variables", `{"id": "first"}`}, 0, `"append"`},
		"an error":          {[]string{"{ nonexistent }"}, 1, "nonexistent"},
		"no context":        {[]string{"{ counter }", "--context", "[42]"}, 2, "--context is a YAML map"},
		"no variables":      {[]string{"{ counter }", "--variables", "{"}, 2, "louche: "},
		"no file":           {[]string{"/nonexistent/a.graphql"}, 2, "/nonexistent/a.graphql"},
		"no such path":      {[]string{"{ counter }", "--path", "/other"}, 2, "/other"},
		"no node to ask it": {[]string{"{ counter }", "--prefix", "elsewhere"}, 2, "elsewhere"},
	} {
		out, problem, status := run(t, append([]string{"query", "--config", file, "--timeout", waittest.Limit.String()}, c.args...)...)
		if status != c.status || !strings.Contains(out+problem, c.want) {
			t.Errorf("%s: status %d\n%s%s", name, status, out, problem)
		}
	}
	if got := node.Appended(t); len(got) != 1 || got[0] != "first" {
		t.Errorf("the mutation ran %d times: %v", len(got), got)
	}
	out, problem, status := run(t, "doctor", "--timeout", waittest.Limit.String(), "--config", file)
	if status != 0 || !strings.Contains(out, "ok       schema         testapp@127.0.0.1: TestApp.Schema\n") {
		t.Errorf("doctor: status %d\n%s%s", status, out, problem)
	}
	if out, problem, status := run(t, "doctor", "--timeout", waittest.Limit.String(), "--config", file, "--prefix", "elsewhere"); status != 1 || !strings.Contains(out, "→ correct discovery.prefix") {
		t.Errorf("doctor: status %d\n%s%s", status, out, problem)
	}
}
