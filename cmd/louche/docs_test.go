package main

import (
	"path"
	"regexp"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/louche-graphql/louche/internal/docstest"
)

// traceLine returns how kong understands the words after the name of the program.
func traceLine(t *testing.T, words []string) *kong.Context {
	t.Helper()
	app, err := kong.New(new(commands), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	line, err := kong.Trace(app, words)
	if err == nil {
		err = line.Error
	}
	if err != nil {
		t.Errorf("%q: %v", words, err)
	}
	return line
}

// The command lines of the documentation are complete and valid.
func TestCommandLinesOfTheDocumentation(t *testing.T) {
	for _, block := range docstest.Blocks(t, "sh") {
		t.Run(block.String(), func(t *testing.T) {
			for _, statement := range docstest.Statements(t, block.Text) {
				for _, words := range statement.Commands {
					if path.Base(words[0]) != "louche" {
						continue
					}
					if err := traceLine(t, words[1:]).Validate(); err != nil {
						t.Errorf("%q: %v", words, err)
					}
				}
			}
		})
	}
}

// Commands in the text of the documentation exist, with their flags. Their arguments may be
// missing.
func TestCommandsInTheTextOfTheDocumentation(t *testing.T) {
	inText := regexp.MustCompile("`(louche [^`…]*)`")
	found := 0
	for name, text := range docstest.Pages(t) {
		for _, command := range inText.FindAllStringSubmatch(string(text), -1) {
			found++
			t.Run(name+" "+command[1], func(t *testing.T) {
				for _, statement := range docstest.Statements(t, command[1]) {
					traceLine(t, statement.Commands[0][1:])
				}
			})
		}
	}
	if found < 20 {
		t.Errorf("%d commands in the text", found)
	}
}
