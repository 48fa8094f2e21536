package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/louche-graphql/louche/internal/docstest"
)

// docs/metrics.md says what to do about each metric of docs/operations.md, which is compared
// with what the gateway exports, and about each alert.
func TestMetricsAndAlerts(t *testing.T) {
	pages := docstest.Pages(t)
	advice, reference := pages["docs/metrics.md"], pages["docs/operations.md"]
	compare(t, "metrics", metricsIn(reference), metricsIn(advice))

	rules, err := os.ReadFile(filepath.Join(docstest.Root(t), "deploy/prometheus/louche.rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "alerts", matches(`- alert: (\w+)`, rules), matches(`(?m)^\| \[(Louche\w+)\]`, advice))
}

// metricsIn returns the metrics in the first cells of the tables of a page.
func metricsIn(page []byte) (names []string) {
	for _, cell := range matches("(?m)^\\| (`louche_[^|]*)\\|", page) {
		names = append(names, matches("`(\\w+)`", []byte(cell))...)
	}
	return names
}

func matches(expression string, text []byte) (found []string) {
	for _, match := range regexp.MustCompile(expression).FindAllSubmatch(text, -1) {
		found = append(found, string(match[1]))
	}
	return found
}

func compare(t *testing.T, what string, want, got []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("docs/metrics.md lacks %s of the %s", name, what)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) || slices.Contains(got[:i], name) {
			t.Errorf("docs/metrics.md has %s, which is none of the %s, or has it twice", name, what)
		}
	}
	if len(want) == 0 {
		t.Errorf("there are no %s", what)
	}
}
