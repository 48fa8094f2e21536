package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files writes files into a new folder, and returns the folder.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSchemaDiff(t *testing.T) {
	dir := files(t, map[string]string{
		"old.graphql":  `type Query { a: Int b: Int } enum E { A }`,
		"more.graphql": `type Query { a: Int b: Int c: Int } enum E { A B }`,
		"less.graphql": `type Query { a: Int } enum E { A }`,
		"none.graphql": `type Query {`,
	})
	for next, test := range map[string]struct {
		fails bool
		want  string
	}{
		"old.graphql":  {false, "0 breaking, 0 dangerous, 0 safe"},
		"more.graphql": {false, "0 breaking, 1 dangerous, 1 safe"},
		"less.graphql": {true, "FIELD_REMOVED                  Query.b was removed."},
		"none.graphql": {true, ""},
		"gone.graphql": {true, ""},
	} {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			err := (&diffCommand{Old: filepath.Join(dir, "old.graphql"), New: filepath.Join(dir, next), JSON: asJSON}).Run(output{&out})
			if (err != nil) != test.fails {
				t.Errorf("%s: %v", next, err)
			}
			if !asJSON && !strings.Contains(out.String(), test.want) {
				t.Errorf("%s: %s", next, &out)
			}
			if asJSON && test.want != "" && !json.Valid(out.Bytes()) {
				t.Errorf("%s: %s is not JSON", next, &out)
			}
		}
	}
	var out bytes.Buffer
	(&diffCommand{Old: filepath.Join(dir, "old.graphql"), New: filepath.Join(dir, "less.graphql"), JSON: true}).Run(output{&out})
	var report struct {
		Breaking int
		Changes  []struct{ Severity, Kind, Path, Message string }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Breaking != 1 || len(report.Changes) != 1 || report.Changes[0].Path != "Query.b" {
		t.Errorf("%v, %s", err, &out)
	}
}

// The output of mix absinthe.schema.json is a schema with default values.
func TestSchemaDiffOfIntrospection(t *testing.T) {
	var out bytes.Buffer
	err := (&diffCommand{Old: "../../testdata/golden/schema.graphql", New: "../../testdata/golden/introspection.json"}).Run(output{&out})
	if err != nil || !strings.Contains(out.String(), "RootQueryType.parts(limit:) has the default value 2.") || !strings.Contains(out.String(), "0 breaking, 0 dangerous, 1 safe") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestSchemaCheck(t *testing.T) {
	dir := files(t, map[string]string{
		"schema.graphql":         `type Query { a: Int old: Int @deprecated(reason: "gone soon") }`,
		"good/a.graphql":         `query A { a }`,
		"old/a.ts":               "const q = gql`{ old }`",
		"bad/sub/a.gql":          `query A { b }`,
		"bad/node_modules/x.gql": `query X { x }`,
		"bad/.git/x.gql":         `query X { x }`,
		"bad/readme.md":          `query X { x }`,
		"none/readme.md":         ``,
	})
	for _, test := range []struct {
		dirs           []string
		failDeprecated bool
		fails          bool
		want           string
	}{
		{[]string{"good"}, true, false, "1 operations: 0 will be refused, 0 use what is deprecated"},
		{[]string{"old"}, false, false, "deprecated  Query.old: gone soon"},
		{[]string{"old"}, true, true, "1 operations: 0 will be refused, 1 use what is deprecated"},
		{[]string{"good", "bad"}, false, true, `a.gql:1:11: Cannot query field "b" on type "Query".`},
		{[]string{"good", "bad"}, false, true, "2 operations: 1 will be refused"},
		{[]string{"none"}, false, true, ""},
	} {
		var out, asJSON bytes.Buffer
		command := checkSchemaCommand{Schema: filepath.Join(dir, "schema.graphql"), Deprecated: test.failDeprecated}
		for _, d := range test.dirs {
			command.Operations = append(command.Operations, filepath.Join(dir, d))
		}
		err := command.Run(output{&out})
		if (err != nil) != test.fails || !strings.Contains(out.String(), test.want) {
			t.Errorf("%v: %v\n%s", test.dirs, err, &out)
		}
		command.JSON = true
		if again := command.Run(output{&asJSON}); !errors.Is(again, err) && again.Error() != err.Error() || !json.Valid(asJSON.Bytes()) {
			t.Errorf("%v as JSON: %v\n%s", test.dirs, again, &asJSON)
		}
	}
	if err := (&checkSchemaCommand{Schema: filepath.Join(dir, "schema.graphql"), Operations: []string{filepath.Join(dir, "gone")}}).Run(output{new(bytes.Buffer)}); err == nil {
		t.Error("a folder that is not there passes")
	}
}
