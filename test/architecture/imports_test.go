// Package architecture keeps the import rules of the module: which room may know which.
// docs/architecture.md draws them.
package architecture

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/louche-graphql/louche/"

// A room is a package, or with "/..." at the end also every package below it. A room may
// import the rooms in mayImport and the shelf; a standalone room imports neither the
// shelf nor any other module.
type room struct {
	name       string
	mayImport  []string
	standalone bool
}

// rooms, from top to bottom: a room imports only rooms below it. A package without a room
// fails the test: give it one here and in docs/architecture.md.
var rooms = []room{
	{name: "test/...", mayImport: []string{"test/beamtest"}},
	{name: "cmd/...", mayImport: []string{"docs", "internal/...", "gateway/...", "auth/...", "ratelimit", "schema", "discovery", "rpcclient/..."}},
	{name: "internal/doctor", mayImport: []string{"internal/service", "internal/config", "auth/...", "ratelimit", "discovery", "rpcclient/..."}},
	{name: "internal/newconfig", mayImport: []string{"discovery"}},
	{name: "internal/configschema", mayImport: []string{"internal/config", "auth", "ratelimit"}},
	{name: "internal/service", mayImport: []string{"internal/config", "gateway/...", "auth/...", "ratelimit", "schema", "discovery", "rpcclient/..."}},
	{name: "internal/config", mayImport: []string{"gateway/...", "auth/...", "ratelimit", "schema", "discovery", "rpcclient"}},
	{name: "internal/demo", mayImport: []string{"rpcclient/..."}},
	{name: "internal/top"},
	{name: "internal/completion"},
	{name: "internal/manpage"},
	{name: "docs"},

	{name: "gateway", mayImport: []string{"web", "gateway/...", "auth/...", "ratelimit", "schema", "rpcclient/..."}},
	{name: "gateway/server", mayImport: []string{"gateway/telemetry", "auth"}},
	{name: "gateway/transport", mayImport: []string{"gateway/transport/...", "gateway/engine", "gateway/operation", "gateway/response", "auth", "ratelimit"}},
	{name: "gateway/transport/socket", mayImport: []string{"gateway/transport/admission", "gateway/transport/request", "gateway/engine", "gateway/operation", "gateway/response", "auth"}},
	{name: "gateway/transport/request", mayImport: []string{"gateway/operation", "gateway/response"}},
	{name: "gateway/transport/admission", mayImport: []string{"gateway/operation", "gateway/response"}},
	{name: "gateway/absinthe", mayImport: []string{"gateway/engine", "gateway/operation", "schema", "rpcclient/..."}},
	{name: "gateway/engine", mayImport: []string{"gateway/contract", "gateway/stats", "gateway/telemetry", "gateway/operation", "auth", "ratelimit", "schema"}},
	{name: "gateway/contract", mayImport: []string{"gateway/operation", "rpcclient", "schema"}},
	{name: "gateway/admin", mayImport: []string{"gateway/operation", "gateway/response"}}, // features register with it
	{name: "gateway/telemetry", mayImport: []string{"gateway/operation"}},                 // features register with it
	{name: "gateway/stats", mayImport: []string{"gateway/operation"}},
	{name: "gateway/response", mayImport: []string{"gateway/operation"}},
	{name: "gateway/operation", mayImport: []string{"ratelimit"}},

	{name: "web"},

	{name: "auth", mayImport: []string{"auth/jwt", "auth/phoenix", "rpcclient/etf"}},
	{name: "auth/jwt"},
	{name: "auth/phoenix", mayImport: []string{"rpcclient/etf"}},
	{name: "ratelimit"},
	{name: "schema", mayImport: []string{"rpcclient/etf"}}, // the order of the fields of an answer
	{name: "discovery"},

	{name: "rpcclient", mayImport: []string{"rpcclient/agent", "rpcclient/erldist", "rpcclient/etf"}},
	{name: "rpcclient/agent", mayImport: []string{"rpcclient/erldist", "rpcclient/etf"}},
	{name: "rpcclient/erldist", mayImport: []string{"rpcclient/etf"}, standalone: true},
	{name: "rpcclient/etf", standalone: true},
}

// shelf has the small packages that know nothing of the rooms. They import each other only.
var shelf = []string{
	"internal/cache", "internal/certs", "internal/durations", "internal/keypath", "internal/logging", "internal/memory",
	"internal/network", "internal/nonblock", "internal/parallelism", "internal/secret", "internal/strictjson",
	"internal/dnstest", "internal/docstest", "internal/goldentest", "internal/logtest", "internal/porttest", "internal/redistest", "internal/waittest",
}

// reserved packages are for some rooms alone.
var reserved = map[string][]string{
	// Transports and listeners know HTTP, and so do methods that read headers and fetch keys.
	"net/http": {"cmd/...", "internal/service", "internal/top", "gateway", "gateway/server", "gateway/transport/...", "gateway/transport", "gateway/response", "gateway/admin", "gateway/telemetry", "web", "auth", "auth/jwt", "test/..."},
	// The node runtime can be taken out: see docs/decisions/0001-ergo.md.
	"github.com/ergo-services/ergo": {"rpcclient", "internal/demo"},
}

func TestImports(t *testing.T) {
	imports := list(t)
	if len(imports) < 15 {
		t.Fatalf("go list has %d packages only", len(imports))
	}
	for _, violation := range violations(imports) {
		t.Error(violation)
	}
}

func TestRoomsAreInOrder(t *testing.T) {
	for i, room := range rooms {
		for _, above := range rooms[:i] {
			if name := strings.TrimSuffix(above.name, "/..."); slices.Contains(room.mayImport, name) {
				t.Errorf("%s may import %s, which stands above it", room.name, name)
			}
		}
	}
}

func TestViolationsAreFound(t *testing.T) {
	for name, imports := range map[string]map[string][]string{
		"upwards":               {"gateway/engine": {module + "gateway/transport"}},
		"HTTP in the engine":    {"gateway/engine": {"net/http"}},
		"nodes in a transport":  {"gateway/transport": {module + "rpcclient"}},
		"a feature in admin":    {"gateway/admin": {module + "gateway/contract"}},
		"a module below etf":    {"rpcclient/etf": {"github.com/prometheus/client_golang/prometheus"}},
		"the shelf in erldist":  {"rpcclient/erldist": {module + "internal/cache"}},
		"terms in the gateway":  {"gateway/engine": {module + "rpcclient/etf"}},
		"ergo above rpcclient":  {"gateway": {"github.com/ergo-services/ergo/gen"}},
		"a room from the shelf": {"internal/cache": {module + "schema"}},
		"a package of no room":  {"gateway/util": nil},
	} {
		if found := violations(imports); len(found) != 1 {
			t.Errorf("%s: %d violations: %q", name, len(found), found)
		}
	}
}

// violations says which imports break the rules.
func violations(imports map[string][]string) []string {
	var found []string
	for name, imported := range imports {
		rule, ok := rule(name)
		if !ok {
			found = append(found, fmt.Sprintf("%s has no room in test/architecture/imports_test.go", name))
			continue
		}
		for _, path := range imported {
			if reason := refuse(rule, name, path); reason != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", name, strings.TrimPrefix(path, module), reason))
			}
		}
	}
	return found
}

// refuse returns why the package name must not import path, or "".
func refuse(rule room, name, path string) string {
	for start, rooms := range reserved {
		if (path == start || strings.HasPrefix(path, start+"/")) && !covers(rooms, name) {
			return "only " + strings.Join(rooms, ", ") + " may"
		}
	}
	inside, ours := strings.CutPrefix(path, module)
	switch {
	case ours && (covers(rule.mayImport, inside) || !rule.standalone && slices.Contains(shelf, inside)):
		return ""
	case ours:
		return "it may import " + strings.Join(rule.mayImport, ", ") + " of this module"
	case rule.standalone && strings.Contains(strings.Split(path, "/")[0], "."):
		return "it has no dependencies beside the standard library"
	}
	return ""
}

// rule returns the rule of a package.
func rule(name string) (room, bool) {
	if slices.Contains(shelf, name) {
		return room{name: name}, true
	}
	at := slices.IndexFunc(rooms, func(r room) bool { return covers([]string{r.name}, name) })
	if at < 0 {
		return room{}, false
	}
	return rooms[at], true
}

// covers says whether one of the patterns is name, or has it below "/...".
func covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		tree, below := strings.CutSuffix(pattern, "/...")
		return name == tree || below && strings.HasPrefix(name, tree+"/")
	})
}

// list returns the imports of every package of the module, without those of its tests.
func list(t *testing.T) map[string][]string {
	t.Helper()
	output, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		imports[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return imports
}
