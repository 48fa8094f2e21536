package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/test/beamtest"
)

// fetch sends a GET.
func (g *running) fetch(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(g.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// Caches may store a response by id if cache_control says so and it has no errors.
func TestTrustedDocumentsByGet(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{EPMDPort: epmd})
	file := filepath.Join(t.TempDir(), "manifest.json")
	documents := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	documents(`{"hello":"{ hello }","count":"{ counter }","partly":"query Salary {\n  person(id: \"2\") {\n    id\n    salary\n    __typename\n  }\n}"}`)
	section := func(mode string) string {
		return configFor(epmd, "    context: {current_user_id: {header: X-User-Id, type: integer}}",
			fmt.Sprintf("    trusted_documents: {mode: %s, manifests: [%s], cache_control: 'public, max-age=60'}", mode, file))
	}
	g := startGateway(t, section("enforce"))
	for _, c := range []struct {
		path    string
		status  int
		caching string
		answer  string
	}{
		{"/graphql?documentId=hello", 200, "public, max-age=60", `{"data":{"hello":"hello world"}}`},
		{"/graphql?documentId=none", 404, "no-store", ""},
		{"/graphql?query=%7B+pidText+%7D", 403, "no-store", ""},
		{"/graphql?query=%7B+hello+%7D", 200, "no-store", `{"data":{"hello":"hello world"}}`},
	} {
		resp, answer := g.fetch(t, c.path)
		if resp.StatusCode != c.status || resp.Header.Get("Cache-Control") != c.caching || !strings.HasPrefix(answer, c.answer) {
			t.Errorf("%s: %d, Cache-Control %q, %s", c.path, resp.StatusCode, resp.Header.Get("Cache-Control"), answer)
		}
		if got := resp.Header.Get("Vary"); !strings.Contains(got, "Accept") || !strings.Contains(got, "X-User-Id") {
			t.Errorf("%s: Vary is %q", c.path, got)
		}
	}
	resp, answer := g.fetch(t, "/graphql?id=partly&operationName=Salary")
	if resp.Header.Get("Cache-Control") != "no-store" || !strings.Contains(answer, "forbidden") {
		t.Errorf("an answer with errors: Cache-Control %q, %s", resp.Header.Get("Cache-Control"), answer)
	}

	// An unreadable manifest is refused, and the former one stays.
	documents(`{"hello":`)
	g.configure(t, section("log"))
	eventually(t, "the manifest is refused", func() bool {
		return strings.Contains(g.log.String(), "configuration refused, the former one stays") && strings.Contains(g.log.String(), file)
	})
	if status, answer := g.query(t, `{ hello }`); status != 200 || !strings.Contains(answer, "hello world") {
		t.Errorf("a trusted document after a bad manifest: %d %s", status, answer)
	}
	if status, answer := g.query(t, `{ pidText }`); status != 403 {
		t.Errorf("another one after a bad manifest: %d %s", status, answer)
	}

	// A changed manifest alone causes a reload. Connections stay open.
	documents(`{"pid":"{ pidText }"}`)
	g.configure(t, "# changed\n"+section("enforce"))
	eventually(t, "the new manifest counts", func() bool {
		resp, _ := g.fetch(t, "/graphql?id=pid")
		return resp.StatusCode == 200
	})
	if resp, answer := g.fetch(t, "/graphql?id=hello"); resp.StatusCode != 404 {
		t.Errorf("a document that is no longer in the manifest: %d %s", resp.StatusCode, answer)
	}
	if n := strings.Count(g.log.String(), "node up"); n != 1 {
		t.Errorf("%s was connected to %d times", node.Name, n)
	}
}
