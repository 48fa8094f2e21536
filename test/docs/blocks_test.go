// Package docs keeps the documentation true: its examples parse, its lists are complete, and
// its links lead somewhere. Examples of configurations are tested in internal/config, command
// lines in cmd/louche, requests in test/e2e.
package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/docstest"
)

func TestJSON(t *testing.T) {
	for _, block := range docstest.Blocks(t, "json") {
		if err := json.Unmarshal([]byte(block.Text), new(any)); err != nil {
			t.Errorf("%s: %v", block, err)
		}
	}
}

func TestJavaScript(t *testing.T) {
	for _, file := range files(t, "mjs", docstest.Blocks(t, "js")) {
		if out, err := exec.CommandContext(t.Context(), "node", "--check", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", filepath.Base(file), err, out)
		}
	}
}

func TestElixir(t *testing.T) {
	parse := `for file <- System.argv(), do: Code.string_to_quoted!(File.read!(file), file: Path.basename(file))`
	out, err := exec.CommandContext(t.Context(), "elixir", append([]string{"-e", parse}, files(t, "exs", docstest.Blocks(t, "elixir"))...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// files writes each block into a file that is named for its place.
func files(t *testing.T, extension string, blocks []docstest.Block) (names []string) {
	t.Helper()
	folder := t.TempDir()
	for _, block := range blocks {
		name := filepath.Join(folder, fmt.Sprintf("%s-%d.%s", strings.ReplaceAll(block.Path, "/", "-"), block.Line, extension))
		if err := os.WriteFile(name, []byte(block.Text), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}
