package config

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The configurations in deploy and examples are valid, and fit the schema.
func TestConfigurationsOfDeploymentsAndExamples(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	for _, pattern := range []string{"../../deploy/*/louche.yaml", "../../examples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < 2 {
			t.Fatalf("%q: %v", files, err)
		}
		for _, file := range files {
			t.Run(file, func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				checkExample(t, string(text))
			})
		}
	}
}

func TestConfigurationOfTheChart(t *testing.T) {
	text, err := os.ReadFile("../../deploy/helm/louche/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var values struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	configuration, err := yaml.Marshal(values.Config)
	if err != nil {
		t.Fatal(err)
	}
	checkExample(t, string(configuration))
}

// systemd accepts the units, and they expose little of the host.
func TestUnitsOfSystemd(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"louche.service", "louche.socket"} {
		text, err := os.ReadFile("../../deploy/systemd/" + name)
		if err != nil {
			t.Fatal(err)
		}
		installed := strings.ReplaceAll(string(text), "/usr/local/bin/louche", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(installed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"verify", "--man=no", filepath.Join(dir, "louche.service"), filepath.Join(dir, "louche.socket")},
		{"security", "--offline=true", "--threshold=15", filepath.Join(dir, "louche.service")}, // 1.5 of 10
	} {
		if out, err := exec.Command("systemd-analyze", args...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
}
