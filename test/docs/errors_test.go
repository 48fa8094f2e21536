package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/docstest"
)

// notCodes are words of the gateway in capital letters that are no codes of errors.
var notCodes = []string{"OK", "GET", "POST", "OTHER", "PANIC", "TLS_HANDSHAKE"}

// docs/errors.md has each code of the gateway in one row, and no other code.
func TestErrorCodes(t *testing.T) {
	documented := make(map[string]int)
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|").FindAllStringSubmatch(string(docstest.Pages(t)["docs/errors.md"]), -1) {
		documented[row[1]]++
	}
	codes := codesOf(t, filepath.Join(docstest.Root(t), "gateway"))
	for code, place := range codes {
		if documented[code] != 1 {
			t.Errorf("%s: docs/errors.md has %d rows for %s", place, documented[code], code)
		}
	}
	for code := range documented {
		if _, exists := codes[code]; !exists {
			t.Errorf("docs/errors.md has the code %s, which the gateway does not have", code)
		}
	}
}

// codesOf returns the codes in the sources below a folder, each with one of its places.
func codesOf(t *testing.T, folder string) map[string]token.Position {
	t.Helper()
	form := regexp.MustCompile(`^[A-Z]{2,}(_[A-Z]+)*$`)
	codes := make(map[string]token.Position)
	files := token.NewFileSet()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && form.MatchString(text) && !slices.Contains(notCodes, text) {
					codes[text] = files.Position(literal.Pos())
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}
