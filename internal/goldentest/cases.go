// Package goldentest gives tests the recorded answers of Absinthe in testdata/golden.
package goldentest

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A Case is a recorded run of Absinthe.run/3. Its terms have the version byte of the
// external term format.
type Case struct {
	Name          string
	Query         string
	Variables     json.RawMessage
	OperationName string `json:"operation_name"` // "": none
	Context       string // in Elixir
	ContextETF    []byte `json:"context_etf"`
	ResultETF     []byte `json:"result_etf"`
	JSON          string // the result, by Jason
}

// Folder returns the folder of the recorded answers, from any package of the module.
func Folder(tb testing.TB) string {
	tb.Helper()
	root, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "testdata", "golden")
		}
		above := filepath.Dir(root)
		if above == root {
			tb.Fatal("the test does not run in a folder of the module")
		}
		root = above
	}
}

// Cases returns all recorded runs.
func Cases(tb testing.TB) []Case {
	tb.Helper()
	return Lines[Case](tb, filepath.Join(Folder(tb), "absinthe-1.11.jsonl"))
}

// Lines returns the values of a file with one JSON value a line.
func Lines[T any](tb testing.TB, name string) (values []T) {
	tb.Helper()
	file, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		values = append(values, v)
	}
	if err := lines.Err(); err != nil || len(values) == 0 {
		tb.Fatalf("%s has %d values: %v", name, len(values), err)
	}
	return values
}
