package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

// contractOf is a contract whose nodes have told these schemas.
func contractOf(t testing.TB, cfg ContractConfig, all bool, sdls ...string) *Contract {
	t.Helper()
	cfg.SetDefaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c := &Contract{cfg: cfg, log: slog.New(slog.DiscardHandler), verdicts: newVerdicts()}
	now := &agreement{all: all}
	for _, sdl := range sdls {
		s, err := schema.Load(sdl)
		if err != nil {
			t.Fatal(err)
		}
		now.schemas = append(now.schemas, s)
	}
	if cfg.Usage {
		c.usage = newUsage()
	}
	c.current.Store(now)
	return c
}

// requestOf is a request whose document has been read.
func requestOf(document string) *request {
	d := schema.NewDocumentCache(1).Get(document)
	return &request{query: document, document: d, operation: d.Operation("")}
}

const (
	oldSDL = `type Query { a: Int both: Int }`
	newSDL = `type Query { b: Int both: Int }`
)

func TestJudge(t *testing.T) {
	for name, test := range map[string]struct {
		cfg      ContractConfig
		all      bool
		sdls     []string
		document string
		refused  bool
		fits     string // which schemas' nodes may be asked, of old, new, unknown, unreadable; "": all
	}{
		"off":                            {ContractConfig{}, true, []string{oldSDL}, `{ x }`, false, ""},
		"report":                         {ContractConfig{Validation: "report"}, true, []string{oldSDL}, `{ x }`, false, ""},
		"enforce, fits":                  {ContractConfig{Validation: "enforce"}, true, []string{oldSDL}, `{ a }`, false, ""},
		"enforce, fits not":              {ContractConfig{Validation: "enforce"}, true, []string{oldSDL}, `{ x }`, true, ""},
		"enforce, syntax error":          {ContractConfig{Validation: "enforce"}, true, []string{oldSDL}, `{ x`, false, ""},
		"enforce, no schema yet":         {ContractConfig{Validation: "enforce"}, false, nil, `{ x }`, false, ""},
		"enforce, a node has not told":   {ContractConfig{Validation: "enforce"}, false, []string{oldSDL}, `{ x }`, false, ""},
		"enforce, fits one of two":       {ContractConfig{Validation: "enforce"}, true, []string{oldSDL, newSDL}, `{ b }`, false, ""},
		"enforce, fits none of two":      {ContractConfig{Validation: "enforce"}, true, []string{oldSDL, newSDL}, `{ x }`, true, ""},
		"pin, fits the one":              {ContractConfig{Pin: true}, true, []string{oldSDL}, `{ a }`, false, ""},
		"pin, fits both":                 {ContractConfig{Pin: true}, true, []string{oldSDL, newSDL}, `{ both }`, false, ""},
		"pin, fits the first":            {ContractConfig{Pin: true}, true, []string{oldSDL, newSDL}, `{ a }`, false, "old unreadable"},
		"pin, fits the second":           {ContractConfig{Pin: true}, true, []string{oldSDL, newSDL}, `{ b }`, false, "new unreadable"},
		"pin, fits, a node has not told": {ContractConfig{Pin: true}, false, []string{oldSDL}, `{ both }`, false, "old new unreadable"},
		"pin, fits none":                 {ContractConfig{Pin: true}, true, []string{oldSDL, newSDL}, `{ x }`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := contractOf(t, test.cfg, test.all, test.sdls...)
			for _, state := range []string{"new", "remembered"} {
				j := c.judge(requestOf(test.document))
				if got := j.refusal() != nil; got != test.refused {
					t.Errorf("%s: refused: %v", state, got)
				}
				if (j.filter != nil) != (test.fits != "") {
					t.Fatalf("%s: pinned: %v", state, j.filter != nil)
				}
				if j.filter == nil {
					continue
				}
				// By then, every node has described its schema.
				before := c.current.Swap(contractOf(t, ContractConfig{}, true, oldSDL, newSDL).current.Load())
				known := c.current.Load().schemas
				for node, schema := range map[string]rpcclient.SchemaState{
					"old": {Hash: known[0].Hash()}, "new": {Hash: known[1].Hash()}, "unknown": {}, "unreadable": {Unreadable: true},
				} {
					if got, want := j.filter(schema), strings.Contains(" "+test.fits+" ", " "+node+" "); got != want {
						t.Errorf("%s: a node of schema %s may be asked: %v", state, node, got)
					}
				}
				c.current.Store(before)
			}
		})
	}
	if j := (*Contract)(nil).judge(requestOf(`{ x }`)); j.refusal() != nil || j.filter != nil {
		t.Error("without a contract something is said")
	}
}

func TestHasData(t *testing.T) {
	data := etf.AppendMap(etf.AppendAtom(etf.AppendMap(nil, 1), "data"), 0)
	errors := etf.AppendNil(etf.AppendAtom(etf.AppendMap(nil, 1), "errors"))
	both := etf.AppendMap(etf.AppendAtom(etf.AppendNil(etf.AppendAtom(etf.AppendMap(nil, 2), "errors")), "data"), 0)
	for name, test := range map[string]struct {
		term []byte
		want bool
	}{"data": {data, true}, "errors": {errors, false}, "both": {both, true}, "nothing": {nil, false}, "no map": {etf.AppendNil(nil), false}} {
		if got := hasMember(etf.Term{Bytes: test.term}, "data"); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// BenchmarkJudge is what a contract adds to each operation whose document is
// remembered.
func BenchmarkJudge(b *testing.B) {
	sdl, err := os.ReadFile("../testdata/golden/schema.graphql")
	if err != nil {
		b.Fatal(err)
	}
	const document = `query Parts($limit: Int, $filter: PartFilter) { parts(limit: $limit, filter: $filter) { id sku price status } }`
	result := etf.Term{Bytes: etf.AppendMap(etf.AppendAtom(etf.AppendMap(nil, 1), "data"), 0)}
	req, header := requestOf(document), http.Header{"Graphql-Client-Name": {"web"}, "Graphql-Client-Version": {"1.2.3"}}
	for _, cfg := range []ContractConfig{{}, {Validation: "report"}, {Validation: "enforce"}, {Pin: true}, {Usage: true}} {
		c := contractOf(b, cfg, true, string(sdl))
		b.Run(fmt.Sprintf("%s,pin=%v,usage=%v", c.cfg.Validation, cfg.Pin, cfg.Usage), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j := c.judge(req)
				if j.refusal() != nil {
					b.Fatal("refused")
				}
				j.answered(result, header)
			}
		})
	}
}
