package e2e_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs the program until it ends.
func run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, problem bytes.Buffer
	cmd := command(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &problem
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), problem.String(), cmd.ProcessState.ExitCode()
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cookie := file("cookie", "a-long-random-cookie\n")
	schema, wider, broken := file("a.graphql", "type Query { a: Int }"), file("b.graphql", "type Query { a: Int b: Int }"), file("c.graphql", "type Query {")
	operations, empty := file("o.graphql", "{ b }"), file("e.graphql", "\n")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		args   []string
		status int
		stdout string
		stderr string
	}{
		"--version":          {[]string{"--version"}, 0, "louche ", ""},
		"version":            {[]string{"version"}, 0, "louche ", ""},
		"--help":             {[]string{"--help"}, 0, "serve", ""},
		"-h":                 {[]string{"-h"}, 0, "serve", ""},
		"help":               {[]string{"help"}, 0, "serve", ""},
		"help serve":         {[]string{"help", "serve"}, 0, "--listen", ""},
		"help schema diff":   {[]string{"help", "schema", "diff"}, 0, "<new>", ""},
		"serve -h":           {[]string{"serve", "-h"}, 0, "--listen", ""},
		"help of nothing":    {[]string{"help", "sevre"}, 2, "", "sevre"},
		"no command":         {nil, 2, "", "serve"},
		"unknown command":    {[]string{"sevre"}, 2, "", "serve"},
		"unknown flag":       {[]string{"serve", "--listne", "127.0.0.1:1"}, 2, "", "--listen"},
		"flag without value": {[]string{"serve", "--listen"}, 2, "", "--listen"},
		"no schema":          {[]string{"serve"}, 2, "", "--schema"},

		"port of clients":   {[]string{"serve", "--schema", "A.B", "--prefix", "a", "--cookie-file", cookie, "--listen", taken.Addr().String()}, 2, "", "--listen"},
		"port of operators": {[]string{"serve", "--schema", "A.B", "--prefix", "a", "--cookie-file", cookie, "--listen", "127.0.0.1:0", "--admin", taken.Addr().String()}, 2, "", "--admin"},
		"port of the demo":  {[]string{"demo", "--listen", "127.0.0.1:0", "--admin", taken.Addr().String()}, 2, "", "--admin"},
		"foreign address":   {[]string{"demo", "--listen", "192.0.2.1:1", "--admin", "127.0.0.1:0"}, 2, "", "--listen"},

		"diff, the same":         {[]string{"schema", "diff", schema, schema}, 0, "0 breaking", ""},
		"diff, safe":             {[]string{"schema", "diff", schema, wider}, 0, "1 safe", ""},
		"diff, breaking":         {[]string{"schema", "diff", wider, schema}, 1, "1 breaking", ""},
		"diff, unreadable":       {[]string{"schema", "diff", schema, broken}, 2, "", broken},
		"diff, from nothing":     {[]string{"schema", "diff", empty, schema}, 2, "", empty},
		"diff, to nothing":       {[]string{"schema", "diff", schema, empty}, 2, "", empty},
		"diff, not there":        {[]string{"schema", "diff", dir + "/none", schema}, 2, "", "none"},
		"check, refused":         {[]string{"schema", "check", "--schema", schema, "--operations", operations}, 1, "1 will be refused", ""},
		"check, fine":            {[]string{"schema", "check", "--schema", wider, "--operations", operations}, 0, "0 will be refused", ""},
		"check, unreadable":      {[]string{"schema", "check", "--schema", broken, "--operations", operations}, 2, "", broken},
		"check, empty schema":    {[]string{"schema", "check", "--schema", empty, "--operations", operations}, 2, "", empty},
		"check, no operation":    {[]string{"schema", "check", "--schema", schema, "--operations", schema + "/.."}, 2, "", ""},
		"nodes, none":            {[]string{"nodes", "--schema", "A.B", "--prefix", "no-such-application", "--cookie-file", cookie}, 1, "A.B", ""},
		"config check, no file":  {[]string{"config", "check", dir + "/none.yaml"}, 2, "", "none.yaml"},
		"config check, no value": {[]string{"config", "check"}, 2, "", "<file>"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "check, no operation" {
				c.args[len(c.args)-1] = t.TempDir()
			}
			stdout, stderr, status := run(t, c.args...)
			if status != c.status || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
				t.Errorf("status %d\nstdout: %s\nstderr: %s", status, stdout, stderr)
			}
			if c.status == 0 && stderr != "" || c.status == 2 && stdout != "" && !strings.HasPrefix(stdout, "Usage: ") {
				t.Errorf("stdout: %s\nstderr: %s", stdout, stderr)
			}
		})
	}
}
