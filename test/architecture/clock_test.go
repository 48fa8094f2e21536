package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Windows, caches and throttles compute with the monotonic reading of time.Time. A wall
// clock that steps back would empty or extend them, so no code reads the wall clock out of
// a time.Time.
func TestNoCodeReadsTheWallClock(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{"demo", "testdata"}, d.Name()) || strings.HasSuffix(d.Name(), "test") || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return filepath.SkipDir // the demo has dates of orders
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, isName := method.X.(*ast.Ident); isName && x.Name == "time" { // time.Unix makes one of a date
				return true
			}
			if slices.Contains([]string{"Unix", "UnixNano", "UnixMilli", "UnixMicro", "Nanosecond"}, method.Sel.Name) && len(call.Args) == 0 {
				t.Errorf("%s: %s() is a reading of the wall clock", set.Position(call.Pos()), method.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files: %v", files, err)
	}
}
