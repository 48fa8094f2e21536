package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/demo"
)

// The file is valid, with the answers of flags and of the terminal, and with what the EPMD of
// the host proposes.
func TestInit(t *testing.T) {
	t.Setenv("REMOTE_APP_NAME", "")
	cluster, err := demo.StartCluster(demo.NewBackend(), demoCookie, "gearbox-01J8ZC4T", "gearbox-01J8ZC9M")
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	for name, c := range map[string]struct {
		command              initCommand
		terminal             string
		prefix, schema, host string
	}{
		"flags":     {initCommand{Schema: "A.Schema", Prefix: "a", DNS: []string{"a.internal", "b.internal"}, CookieFile: "/run/secrets/cookie"}, "", "a", "A.Schema", "a.internal"},
		"questions": {initCommand{}, "b\nB.Schema\nb.internal,c.internal\n", "b", "B.Schema", "b.internal"},
		"proposals": {initCommand{EPMDPort: cluster.EPMDPort}, "\n\n\n", "gearbox", "MyApp.Schema", "127.0.0.1"},
		"no answer": {initCommand{EPMDPort: 1}, "", "my_app", "MyApp.Schema", "127.0.0.1"},
		"quotes":    {initCommand{Schema: "A", Prefix: "a", DNS: []string{"a"}, CookieFile: "/run/my cookie: {a"}, "", "a", "A", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			c.command.File = filepath.Join(t.TempDir(), "louche.yaml")
			var out bytes.Buffer
			if err := c.command.run(t.Context(), output{&out}, strings.NewReader(c.terminal), io.Discard); err != nil {
				t.Fatal(err)
			}
			cfg, err := (&config.Flags{Config: c.command.File}).Load()
			if err != nil {
				text, _ := os.ReadFile(c.command.File)
				t.Fatalf("%v\n%s", err, text)
			}
			if app := cfg.Apps[0]; app.Discovery.Prefix != c.prefix || app.Schema != c.schema || app.Discovery.DNS[0] != c.host || cfg.Node.CookieFile != c.command.CookieFile {
				t.Errorf("%+v", app.Discovery)
			}
			if err := c.command.run(t.Context(), output{&out}, strings.NewReader(""), io.Discard); err == nil {
				t.Error("the file is overwritten")
			}
		})
	}
}
