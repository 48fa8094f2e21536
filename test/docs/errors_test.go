package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
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

// statusOf are the statuses of the classes of errors and of the constants of net/http that the
// gateway names.
var statusOf = map[string]string{
	"Internal": "500", "Unexecuted": "200 or 400", "BadRequest": "400", "Unauthenticated": "401", "Forbidden": "403",
	"NotFound": "404", "NotReadOnly": "405", "RateLimited": "429", "Canceled": "499", "BadUpstream": "502",
	"Unavailable": "503", "TimedOut": "504", "StatusNotFound": "404", "StatusMethodNotAllowed": "405",
	"StatusNotAcceptable": "406", "StatusRequestTimeout": "408", "StatusConflict": "409",
	"StatusRequestEntityTooLarge": "413", "StatusUnsupportedMediaType": "415", "StatusForbidden": "403",
	"StatusUnauthorized": "401", "StatusTooManyRequests": "429", "StatusServiceUnavailable": "503", "StatusBadRequest": "400",
}

// The statuses in docs/errors.md are those of the code, where one line has code and status.
// HALTED has the status of a plug, and GOING_AWAY none.
func TestStatusesOfErrors(t *testing.T) {
	documented := make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (.*?) \\|").FindAllStringSubmatch(string(docstest.Pages(t)["docs/errors.md"]), -1) {
		documented[row[1]] = row[2]
	}
	withStatus := regexp.MustCompile(`(?:Class: operation\.|Status: http\.|httpError\(http\.)(\w+), (?:Failure: operation\.Error\{)?(?:Code: )?"([A-Z_]+)"|(Refuse)\("([A-Z_]+)"`)
	found := 0
	for _, source := range goSources(t, filepath.Join(docstest.Root(t), "gateway")) {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range withStatus.FindAllStringSubmatch(string(text), -1) {
			status, code := statusOf[match[1]], match[2]
			if match[3] == "Refuse" {
				status, code = "400", match[4]
			}
			found++
			if code != "HALTED" && code != "GOING_AWAY" && (status == "" || !strings.Contains(documented[code], status)) {
				t.Errorf("%s: %s has the status %q (%s), docs/errors.md: %q", source, code, status, match[1], documented[code])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d errors are found", found)
	}
}

// goSources returns the sources below a folder, without tests.
func goSources(t *testing.T, folder string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// codesOf returns the codes in the sources below a folder, each with one of its places.
func codesOf(t *testing.T, folder string) map[string]token.Position {
	t.Helper()
	form := regexp.MustCompile(`^[A-Z]{2,}(_[A-Z]+)*$`)
	codes := make(map[string]token.Position)
	files := token.NewFileSet()
	for _, path := range goSources(t, folder) {
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil && form.MatchString(text) && !slices.Contains(notCodes, text) {
					codes[text] = files.Position(literal.Pos())
				}
			}
			return true
		})
	}
	return codes
}
