package schema

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestKind(t *testing.T) {
	const (
		queries = `query A { a } query B { b }`
		mixed   = `query A { a } mutation M { m } subscription S { s }`
		twice   = `query A { a } mutation M { m } query M { a }`
	)
	for name, test := range map[string]struct {
		document, operation string
		want                Kind
	}{
		"shorthand":                       {`{ a }`, "", Query},
		"anonymous query":                 {`query { a }`, "", Query},
		"anonymous mutation":              {`mutation { m }`, "", Mutation},
		"anonymous subscription":          {`subscription { s }`, "", Subscription},
		"only operation":                  {`mutation M { m }`, "", Mutation},
		"only operation by name":          {`mutation M { m }`, "M", Mutation},
		"with variables and directives":   {`query A($a: Int = 1 @b) @c(d: [{e: $a}]) { a(b: $a) @d }`, "A", Query},
		"with fragments":                  {`fragment mutation on query { a } { ... mutation ... on T { b } ... @c { d } }`, "", Query},
		"named after a keyword":           {`query mutation { a }`, "mutation", Query},
		"fields named after keywords":     {`query { mutation mutation: subscription(query: mutation) { on } }`, "", Query},
		"described":                       {`"mutation M { m }" query A { a }`, "", Query},
		"query of several":                {mixed, "A", Query},
		"mutation of several":             {mixed, "M", Mutation},
		"subscription of several":         {mixed, "S", Subscription},
		"name in another case":            {mixed, "m", Unknown},
		"several, no name":                {mixed, "", Unknown},
		"several, query last":             {`mutation M { m } query A { a }`, "", Unknown},
		"several mutations, no name":      {`mutation M { m } mutation N { n }`, "", Unknown},
		"several subscriptions, no name":  {`subscription S { s } subscription T { t }`, "", Unknown},
		"several queries, no name":        {queries, "", Query},
		"several shorthands":              {`{ a } { b }`, "", Query},
		"no such operation":               {queries, "C", Unknown},
		"name, but the one has none":      {`{ a }`, "A", Unknown},
		"name twice":                      {twice, "M", Unknown},
		"name twice, both queries":        {`query A { a } query A { b }`, "A", Unknown},
		"another's name twice":            {twice, "A", Query},
		"name of a fragment":              {`fragment F on T { a } query A { ...F }`, "F", Unknown},
		"empty":                           {``, "", Unknown},
		"empty, with name":                {``, "A", Unknown},
		"fragments alone":                 {`fragment F on T { a }`, "", Unknown},
		"schema":                          {`type Query { a: Int }`, "", Unknown},
		"schema beside a query":           {`{ a } type Query { a: Int }`, "", Unknown},
		"syntax error":                    {`query { a`, "", Unknown},
		"syntax error behind a query":     {`query A { a } mutation M`, "A", Unknown},
		"unknown kind":                    {`read { a }`, "", Unknown},
		"empty selection":                 {`query { }`, "", Unknown},
		"deeper than the stack":           {strings.Repeat(`{a`, 1<<19), "", Unknown},
		"most operations":                 {strings.Repeat(`{a}`, maxOperations), "", Query},
		"one operation too many":          {strings.Repeat(`{a}`, maxOperations+1), "", Unknown},
		"longest name":                    {`query ` + strings.Repeat("a", maxNames) + ` { a }`, "", Query},
		"name too long":                   {`query ` + strings.Repeat("a", maxNames+1) + ` { a }`, "", Unknown},
		"most tokens":                     {`{` + strings.Repeat(` a`, MaxTokens-2) + `}`, "", Query},
		"one token too many":              {`{` + strings.Repeat(` a`, MaxTokens-1) + `}`, "", Unknown},
		"large, but of a few long tokens": {`{ a(b: "` + strings.Repeat("c", 1<<20) + `") }`, "", Query},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(test.document).Operation(test.operation).Kind; got != test.want {
				t.Errorf("it is %s, want %s", got, test.want)
			}
		})
	}
}

const benchmarked = `query Posts($first: Int!) { posts(first: $first) { id title author { name } } }`

func TestName(t *testing.T) {
	for _, test := range []struct{ document, asked, want string }{
		{`{ a }`, "", ""},
		{`mutation M { m }`, "", "M"},
		{`mutation M { m }`, "M", "M"},
		{`fragment F on Q { a } query A { ...F }`, "", "A"},
		{`query A { a } query B { b }`, "B", "B"},
		{`query A { a } query B { b }`, "", ""},
		{`mutation M { m`, "", ""},
		{`mutation M { m`, "M", "M"},
	} {
		if got := parse(test.document).Operation(test.asked).Name; got != test.want {
			t.Errorf("%s, named %q: %q, want %q", test.document, test.asked, got, test.want)
		}
	}
}

// BenchmarkKindOfNewDocument parses the most expensive document: MaxTokens tokens, each of
// which is a field.
func BenchmarkKindOfNewDocument(b *testing.B) {
	document := `{` + strings.Repeat(` a`, MaxTokens-2) + `}`
	b.ReportAllocs()
	for b.Loop() {
		parse(document)
	}
}

// No document panics, ignored tokens before a document change nothing, and a parsed
// document that is formatted again is of no other kind.
func FuzzKind(f *testing.F) {
	for _, seed := range lexical {
		f.Add(seed.document, "M")
		f.Add(seed.document, "")
	}
	f.Add(`query A($a: [T!]! = [{b: "c"}] @d) @e { f: g(h: -1.5e+3) { ...I ... on J { k } } } fragment I on J { l }`, "A")
	f.Fuzz(func(t *testing.T, document, operation string) {
		kindOf := func(document string) Kind { return parse(document).Operation(operation).Kind }
		kind := kindOf(document)
		if kind == Unknown {
			return
		}
		for _, ignored := range []string{" ", ",\t\r\n", "\ufeff", "# mutation M { m }\n", "#\r"} {
			if got := kindOf(ignored + document); got != kind {
				t.Errorf("%q before it makes a %s of a %s", ignored, got, kind)
			}
		}
		parsed, err := parser.ParseQuery(&ast.Source{Input: document})
		if err != nil {
			t.Fatal(err)
		}
		var written strings.Builder
		formatter.NewFormatter(&written).FormatQueryDocument(parsed)
		// The formatter writes all descriptions as block strings.
		if got := kindOf(written.String()); got != kind && got != Unknown {
			t.Errorf("%q is a %s, formatted a %s: %q", document, kind, got, written.String())
		}
	})
}
