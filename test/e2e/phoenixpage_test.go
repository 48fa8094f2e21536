package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/docstest"
	"github.com/louche-graphql/louche/test/beamtest"
)

// With the schema and the configuration of docs/phoenix.md, its requests get the answers that
// the page shows.
func TestPhoenixPage(t *testing.T) {
	epmd := beamtest.StartEPMD(t)
	node := beamtest.StartNode(t, beamtest.Options{Name: "my_app@127.0.0.1", EPMDPort: epmd})
	if !node.RealAbsinthe() {
		t.Skip("needs the real Absinthe on ERL_LIBS")
	}
	for _, block := range pageBlocks(t, "elixir") {
		if strings.Contains(block, "use Absinthe.Schema") {
			node.Eval(t, block+"\n:ok")
		}
	}
	t.Setenv("SECRET_KEY_BASE", phoenix.secret)
	g := startGateway(t, fmt.Sprintf(`node: {name: louche@127.0.0.1, cookie_file: %s}
apps:
  - schema: MyAppWeb.Schema
    discovery: {dns: [127.0.0.1], prefix: my_app, epmd_port: %d, interval: 100ms}
    %s`, cookieFile, epmd, strings.ReplaceAll(pageBlocks(t, "yaml")[0], "\n", "\n    ")))

	answers := pageBlocks(t, "json")
	for _, block := range pageBlocks(t, "sh") {
		for _, statement := range docstest.Statements(t, block) {
			if !slices.ContainsFunc(statement.Commands, func(words []string) bool { return words[0] == "curl" }) {
				continue
			}
			curl := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(statement.Text, documentedClients, g.url))
			curl.Env = append(os.Environ(), "TOKEN="+phoenix.sign(42, time.Now()))
			out, err := curl.Output()
			if err != nil || len(answers) == 0 {
				t.Fatalf("%s: %v, with %d answers left on the page", statement.Text, err, len(answers))
			}
			var got, want any
			if json.Unmarshal(out, &got) != nil || json.Unmarshal([]byte(answers[0]), &want) != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s\nresponds with %s, the page has %s", statement.Text, out, answers[0])
			}
			answers = answers[1:]
		}
	}
	if len(answers) > 0 {
		t.Errorf("the page has answers without a request: %q", answers)
	}
}

// pageBlocks returns the blocks of code of docs/phoenix.md in a language.
func pageBlocks(t *testing.T, language string) (texts []string) {
	t.Helper()
	for _, block := range docstest.Blocks(t, language) {
		if block.Path == "docs/phoenix.md" {
			texts = append(texts, block.Text)
		}
	}
	return texts
}
