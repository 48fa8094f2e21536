package contract

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/schema"
)

// loadSchema returns the schema of an SDL.
func loadSchema(t testing.TB, sdl string) *schema.Schema {
	t.Helper()
	s, err := schema.Load(sdl)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contractOf returns a Contract with the defaults of its configuration and the schemas of
// these SDLs.
func contractOf(t testing.TB, cfg Config, complete bool, sdls ...string) *Contract {
	t.Helper()
	cfg.SetDefaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	var schemas []*schema.Schema
	for _, sdl := range sdls {
		schemas = append(schemas, loadSchema(t, sdl))
	}
	return NewStatic(cfg, complete, schemas...)
}

// parse returns a document and one of its operations.
func parse(text, operation string) (*schema.Document, *schema.Operation) {
	d := schema.NewDocumentCache(1).Get(text)
	return d, d.Operation(operation)
}

const (
	oldSDL = `type Query { a: Int both: Int }`
	newSDL = `type Query { b: Int both: Int }`
)

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		cfg      Config
		complete bool
		sdls     []string
		document string
		refused  bool
		selected string // nodes that the filter selects, of old, new, unknown and unreadable; "": no filter
	}{
		"off":                      {Config{}, true, []string{oldSDL}, `{ x }`, false, ""},
		"report":                   {Config{Validation: "report"}, true, []string{oldSDL}, `{ x }`, false, ""},
		"enforce, fits":            {Config{Validation: "enforce"}, true, []string{oldSDL}, `{ a }`, false, ""},
		"enforce, does not fit":    {Config{Validation: "enforce"}, true, []string{oldSDL}, `{ x }`, true, ""},
		"enforce, syntax error":    {Config{Validation: "enforce"}, true, []string{oldSDL}, `{ x`, false, ""},
		"enforce, no schema yet":   {Config{Validation: "enforce"}, false, nil, `{ x }`, false, ""},
		"enforce, incomplete":      {Config{Validation: "enforce"}, false, []string{oldSDL}, `{ x }`, false, ""},
		"enforce, fits one of two": {Config{Validation: "enforce"}, true, []string{oldSDL, newSDL}, `{ b }`, false, ""},
		"enforce, fits neither":    {Config{Validation: "enforce"}, true, []string{oldSDL, newSDL}, `{ x }`, true, ""},
		"pin, fits the only one":   {Config{Pin: true}, true, []string{oldSDL}, `{ a }`, false, ""},
		"pin, fits both":           {Config{Pin: true}, true, []string{oldSDL, newSDL}, `{ both }`, false, ""},
		"pin, fits the first":      {Config{Pin: true}, true, []string{oldSDL, newSDL}, `{ a }`, false, "old unreadable"},
		"pin, fits the second":     {Config{Pin: true}, true, []string{oldSDL, newSDL}, `{ b }`, false, "new unreadable"},
		"pin, fits, incomplete":    {Config{Pin: true}, false, []string{oldSDL}, `{ both }`, false, "old new unreadable"},
		"pin, fits neither":        {Config{Pin: true}, true, []string{oldSDL, newSDL}, `{ x }`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := contractOf(t, test.cfg, test.complete, test.sdls...)
			for _, state := range []string{"new", "cached"} {
				v := c.Validate(parse(test.document, ""))
				if got := v.Refusal() != nil; got != test.refused {
					t.Errorf("%s: refused: %v", state, got)
				}
				if (v.Filter != nil) != (test.selected != "") {
					t.Fatalf("%s: has a filter: %v", state, v.Filter != nil)
				}
				if v.Filter == nil {
					continue
				}
				// The schemas of all nodes become known before the filter is used.
				before := c.current.Swap(contractOf(t, Config{}, true, oldSDL, newSDL).current.Load())
				known := c.current.Load().schemas
				for node, state := range map[string]rpcclient.SchemaState{
					"old": {Hash: known[0].Hash()}, "new": {Hash: known[1].Hash()}, "unknown": {}, "unreadable": {Unreadable: true},
				} {
					if got, want := v.Filter(state), strings.Contains(" "+test.selected+" ", " "+node+" "); got != want {
						t.Errorf("a node whose schema is %s is selected: %v", node, got)
					}
				}
				c.current.Store(before)
			}
		})
	}
	if v := (*Contract)(nil).Validate(parse(`{ x }`, "")); v.Refusal() != nil || v.Filter != nil {
		t.Error("a validation without a contract refuses or filters")
	}
}

// BenchmarkValidate measures what a contract adds to each operation whose document has been
// validated before.
func BenchmarkValidate(b *testing.B) {
	sdl, err := os.ReadFile("../../testdata/golden/schema.graphql")
	if err != nil {
		b.Fatal(err)
	}
	document, op := parse(`query Parts($limit: Int, $filter: PartFilter) { parts(limit: $limit, filter: $filter) { id sku price status } }`, "")
	client := operation.Client{Name: "web", Version: "1.2.3"}
	for _, cfg := range []Config{{}, {Validation: "report"}, {Validation: "enforce"}, {Pin: true}, {Usage: true}} {
		c := contractOf(b, cfg, true, string(sdl))
		b.Run(fmt.Sprintf("%s,pin=%v,usage=%v", c.cfg.Validation, cfg.Pin, cfg.Usage), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v := c.Validate(document, op)
				if v.Refusal() != nil {
					b.Fatal("refused")
				}
				v.SetExecuted(true, client)
			}
		})
	}
}
