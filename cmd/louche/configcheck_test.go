package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigCheck(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "louche.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var out bytes.Buffer
	if err := (&checkCommand{File: file("apps: [{schema: A, discovery: {prefix: a}}, {path: /other, schema: Other.Schema, discovery: {prefix: b}}]")}).Run(output{&out}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "is valid: 2 application(s)") || !strings.Contains(got, "/other  Other.Schema") {
		t.Error(got)
	}
	if err := (&checkCommand{File: file("x: 1")}).Run(output{&out}); err == nil {
		t.Error("a bad file is valid")
	}
}
