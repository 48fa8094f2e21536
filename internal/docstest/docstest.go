// Package docstest finds the examples of the documentation, for tests that run them. It must
// never be part of the program.
package docstest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// A Block is a block of code on a page.
type Block struct {
	Path string // from the root of the repository
	Line int    // of its first line of code
	Text string
}

// String returns the place of the block.
func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Path, b.Line) }

var fenced = regexp.MustCompile("(?ms)^([ \t]*)```(\\w*)[^\n]*\n(.*?)^[ \t]*```$")

// Blocks returns the blocks of code in any of these languages, of all pages of the repository.
func Blocks(t testing.TB, languages ...string) (found []Block) {
	t.Helper()
	pages := Pages(t)
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		text := pages[path]
		if n := len(fenced.FindAll(text, -1)); 2*n != len(regexp.MustCompile("(?m)^[ \t]*```").FindAll(text, -1)) {
			t.Errorf("%s: a block of code does not end, or has an indented end", path)
		}
		for _, at := range fenced.FindAllSubmatchIndex(text, -1) {
			if language := string(text[at[4]:at[5]]); slices.Contains(languages, language) {
				found = append(found, Block{path, 1 + bytes.Count(text[:at[6]], []byte("\n")), string(text[at[6]:at[7]])})
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("the documentation has no block of code in %q", languages)
	}
	return found
}

// Pages returns the text of each page of the repository by its path.
func Pages(t testing.TB) map[string][]byte {
	t.Helper()
	root := Root(t)
	pages := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"node_modules", ".git", "dist"}, d.Name()):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		pages[name] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// Root returns the root of the repository.
func Root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no folder above has a go.mod")
		}
		folder = filepath.Dir(folder)
	}
}
