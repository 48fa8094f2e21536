package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The addresses of the demo in the documentation.
const (
	documentedClients = "http://127.0.0.1:4400"
	documentedAdmin   = "http://127.0.0.1:4401"
)

// The examples of docs/http.md for clients work as they are with the demo.
func TestExamplesOfClients(t *testing.T) {
	demo := startDemo(t)
	for _, name := range []string{"Apollo Client", "urql", "graphql-request"} {
		t.Run(name, func(t *testing.T) {
			folder := exampleFolder(t, map[string]string{"example.mjs": example(t, demo.running, name, 0)})
			out := runIn(t, folder, "node", "example.mjs")
			if len(regexp.MustCompile(`\bname: '`).FindAllString(out, -1)) != 2 || !strings.HasSuffix(out, "\nTIMEOUT\n") {
				t.Errorf("%s", out)
			}
		})
	}
	t.Run("Relay", func(t *testing.T) {
		folder := exampleFolder(t, map[string]string{"environment.mjs": example(t, demo.running, "Relay", 0)})
		runClient(t, "relay.mjs", filepath.Join(folder, "environment.mjs"))
	})
	config, parts := example(t, demo.running, "GraphQL Code Generator", 0), example(t, demo.running, "GraphQL Code Generator", 1)
	sources := regexp.MustCompile(`"(http\S+)", // or (http\S+)`).FindStringSubmatch(config)
	if sources == nil {
		t.Fatalf("no two sources of the schema in\n%s", config)
	}
	for _, source := range sources[1:] {
		t.Run("GraphQL Code Generator, "+source, func(t *testing.T) {
			folder := exampleFolder(t, map[string]string{
				"package.json": `{"type": "module"}`,
				"codegen.ts":   strings.Replace(config, sources[1], source, 1),
				"src/parts.ts": parts + "\n// @ts-expect-error: parts have no such field\nparts[0].nope;\n",
			})
			runIn(t, folder, "node_modules/.bin/graphql-codegen")
			runIn(t, folder, "node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "src/parts.ts")
		})
	}
}

// example returns a block of code below a heading of docs/http.md, with the addresses of a
// running gateway.
func example(t *testing.T, g *running, heading string, n int) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n##")
	blocks := regexp.MustCompile("(?ms)^```[jt]s\n(.*?)^```$").FindAllStringSubmatch(section, -1)
	if n >= len(blocks) {
		t.Fatalf("docs/http.md has %d examples for %s", len(blocks), heading)
	}
	return strings.NewReplacer(documentedClients, g.url, documentedAdmin, g.admin).Replace(blocks[n][1])
}

// exampleFolder returns a folder with files and the packages of the clients.
func exampleFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	packages, err := filepath.Abs(filepath.Join(clientsFolder(t), "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// runIn runs a command in a folder and returns its output.
func runIn(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", name, err, out))
	}
	return string(out)
}
