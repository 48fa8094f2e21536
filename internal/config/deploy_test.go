package config

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
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

// fly.toml agrees with the configuration that it installs, and with the image.
func TestFlyAgreesWithItsConfiguration(t *testing.T) {
	t.Setenv("RELEASE_COOKIE", "a-long-random-cookie")
	var app struct {
		KillSignal  string `toml:"kill_signal"`
		KillTimeout int    `toml:"kill_timeout"`
		Files       []struct {
			Guest string `toml:"guest_path"`
			Local string `toml:"local_path"`
		}
		Service struct {
			Port   int `toml:"internal_port"`
			Checks []struct{ Path string }
		} `toml:"http_service"`
	}
	if _, err := toml.DecodeFile("../../deploy/fly/fly.toml", &app); err != nil {
		t.Fatal(err)
	}
	cfg, err := (&Flags{Config: "../../deploy/fly/" + app.Files[0].Local}).Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, port, _ := net.SplitHostPort(cfg.Listen); port != strconv.Itoa(app.Service.Port) {
		t.Errorf("internal_port is %d, and the gateway listens on %s", app.Service.Port, cfg.Listen)
	}
	if stop := time.Duration(app.KillTimeout) * time.Second; app.KillSignal != "SIGTERM" || stop <= cfg.ShutdownDelay+cfg.ShutdownGrace {
		t.Errorf("%s, and %v for a gateway that takes %v and %v", app.KillSignal, stop, cfg.ShutdownDelay, cfg.ShutdownGrace)
	}
	if len(app.Service.Checks) != 1 || app.Service.Checks[0].Path != "/readyz" {
		t.Errorf("checks: %v", app.Service.Checks)
	}
	image, err := os.ReadFile("../../deploy/docker/Dockerfile")
	if err != nil || !strings.Contains(string(image), app.Files[0].Guest) {
		t.Errorf("the image does not read %s: %v", app.Files[0].Guest, err)
	}
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
