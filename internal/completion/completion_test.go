package completion_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/louche-graphql/louche/internal/completion"
)

type cli struct {
	Serve struct {
		Config string `short:"c"`
		Format string `enum:"text,json" default:"text"`
		Debug  bool
	} `cmd:""`
	Schema struct {
		Pull struct{} `cmd:""`
		Diff struct{} `cmd:""`
	} `cmd:""`
	Shell struct {
		Name string `arg:"" enum:"bash,fish"`
	} `cmd:""`
	Complete struct{} `cmd:"" hidden:""`
}

func TestCandidates(t *testing.T) {
	app, err := kong.New(new(cli))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"":                       "schema serve shell",
		"s":                      "schema serve shell",
		"schema ":                "diff pull",
		"schema d":               "diff",
		"serve ":                 "",
		"serve --":               "--config --debug --format --help",
		"serve --d":              "--debug",
		"serve --config ":        "", // the shell completes files
		"serve -c schema --f":    "--format",
		"serve --format ":        "json text",
		"serve --format json --": "--config --debug --format --help",
		"serve --debug --f":      "--format",
		"shell ":                 "bash fish",
		"unknown ":               "schema serve shell",
	} {
		if got := strings.Join(completion.Candidates(app.Model, strings.Split(line, " ")), " "); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// In each shell that is installed, the script passes the words up to the cursor, and offers
// what the program prints.
func TestScripts(t *testing.T) {
	for shell, use := range map[string]string{
		"bash": `louche() { printf '%s\n' "$@"; }; COMP_WORDS=(louche schema pu ignored); COMP_CWORD=2; _louche; echo "${COMPREPLY[@]}"`,
		"zsh":  `louche() { print -rl -- "$@" }; compadd() { print -r -- ${(P)2} }; words=(louche schema pu ignored); CURRENT=3; _louche`,
		"fish": `function louche; string join \n -- $argv; end; complete -C 'louche schema pu' | string collect`,
	} {
		script, err := completion.Script(shell)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(shell, func(t *testing.T) {
			setUp := string(script)
			if shell == "zsh" {
				setUp = "compdef() { :; }\n" + setUp
			}
			text, err := exec.Command(shell, "-c", setUp+"\n"+use).CombinedOutput() // #nosec G204 -- a test
			if err != nil {
				t.Fatalf("%v: %s (testdata/install-checkers installs %s)", err, text, shell)
			}
			if words := strings.Fields(string(text)); !slices.Contains(words, "pu") && !slices.Contains(words, "complete") {
				t.Errorf("%s", text)
			}
		})
	}
}
