package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/waittest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// schema pull prints a schema that schema check reads.
func TestSchemaPull(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	n := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	g := startGateway(t, configFor(epmd)) // the command does not disturb it
	pull := func(yaml string, args ...string) (text, problem string, status int) {
		return run(t, append([]string{"schema", "pull", "--config", write(t, patient(yaml)), "--timeout", waittest.Limit.String()}, args...)...)
	}
	text, problem, status := pull(configFor(epmd))
	if status != 0 || !strings.Contains(text, "type RootQueryType {") || !strings.HasSuffix(text, "\n") {
		t.Fatalf("status %d: %s\n%s", status, problem, text)
	}
	dir := t.TempDir()
	schema, operation := filepath.Join(dir, "schema.graphql"), filepath.Join(dir, "a.graphql")
	for file, text := range map[string]string{schema: text, operation: "{ counter hello }"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, problem, status := run(t, "schema", "check", "--schema", schema, "--operations", operation); status != 0 {
		t.Errorf("status %d: %s\n%s", status, problem, out)
	}
	if again, problem, _ := pull(configFor(epmd), "--path", "/graphql"); again != text {
		t.Errorf("by its path: %s\n%s", problem, again)
	}
	if _, _, status := pull(configFor(epmd), "--path", "/other"); status != 2 {
		t.Errorf("an unknown path: status %d", status)
	}
	if _, problem, status := pull(strings.Replace(configFor(epmd), "TestApp.Schema", "No.Such.Schema", 1)); status != 2 || !strings.Contains(problem, "No.Such.Schema is not there") {
		t.Errorf("without the schema: status %d: %s", status, problem)
	}
	if status, answer := g.query(t, `{ counter }`); status != 200 {
		t.Errorf("the gateway lost its node: %d %s", status, answer)
	}
	failIntrospection(t, n)
	if text, problem, status := pull(configFor(epmd)); status != 0 || !strings.Contains(text, "type RootQueryType {") ||
		!strings.Contains(problem, "warning: the schema is incomplete\n"+n.Name+": introspection: call on") {
		t.Errorf("without introspection: status %d: %s\n%s", status, problem, text)
	}
}
