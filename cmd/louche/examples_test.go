package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each example is valid on a machine without its secrets, and editors find its schema.
func TestExamples(t *testing.T) {
	const schemaLine = "# yaml-language-server: $schema=https://raw.githubusercontent.com/louche-graphql/louche/main/docs/louche.schema.json\n"
	index, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(examples) < 8 {
		t.Errorf("%q: %v", examples, err)
	}
	deployed, err := filepath.Glob("../../deploy/*/louche.yaml")
	if err != nil || len(deployed) < 2 {
		t.Errorf("%q: %v", deployed, err)
	}
	for _, file := range examples {
		if name := filepath.Base(file); !bytes.Contains(index, []byte("["+name+"]("+name+")")) {
			t.Errorf("examples/README.md has no %s", name)
		}
	}
	for _, file := range append(examples, deployed...) {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), schemaLine) {
				t.Error("its first line does not name the schema")
			}
			var out bytes.Buffer
			if err := (&checkCommand{File: file}).Run(output{&out}); err != nil {
				t.Error(err)
			}
		})
	}
}
