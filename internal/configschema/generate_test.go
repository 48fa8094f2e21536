package configschema

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/louche.schema.json")

const published = "../../docs/louche.schema.json"

func pages(t *testing.T) (texts []string) {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// Every key is in a table of the documentation, with the default that the code has, and the
// published schema is the generated one.
func TestSchemaIsPublished(t *testing.T) {
	t.Setenv("REMOTE_APP_NAME", "")
	t.Setenv("ERL_EPMD_PORT", "")
	text, err := Generate(pages(t)...)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, text, 0o644); err != nil { // #nosec G306 -- it is public
			t.Fatal(err)
		}
	}
	if former, _ := os.ReadFile(published); !bytes.Equal(former, text) {
		t.Error("docs/louche.schema.json is not that of the code: commit the result of make schema")
	}
}

func TestProblems(t *testing.T) {
	t.Setenv("REMOTE_APP_NAME", "")
	t.Setenv("ERL_EPMD_PORT", "")
	all := pages(t)
	for name, c := range map[string]struct{ old, new, want string }{
		"a missing row":          {"| `limits.batch` |", "| `limits.other` |", "limits.batch: no table"},
		"another default":        {"| `limits.batch` | `10` |", "| `limits.batch` | `11` |", "limits.batch: the documentation has the default `11`, the code 10"},
		"no default":             {"| `limits.batch` | `10` |", "| `limits.batch` | none |", "limits.batch: the documentation has the default none"},
		"of an application":      {"| `retry.nodes` | `2` |", "| `retry.nodes` | `3` |", "apps.retry.nodes: the documentation"},
		"a time":                 {"| `shutdown_delay` | `5s` |", "| `shutdown_delay` | `6s` |", "shutdown_delay: the documentation"},
		"a key of several a row": {"| `1000`, `32`, `sha256` |", "| `1000`, `33`, `sha256` |", "apps.auth.methods.phoenix_token.key_length: the documentation"},
	} {
		t.Run(name, func(t *testing.T) {
			var changed []string
			for _, page := range all {
				changed = append(changed, strings.Replace(page, c.old, c.new, 1))
			}
			if _, err := Generate(changed...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
