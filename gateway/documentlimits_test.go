package gateway

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/schema"
)

func TestDocumentLimits(t *testing.T) {
	const fragments = `{ ...F ...F x: a @b { c } } fragment F on Q { y: a @b { z: c @b } }`
	introspection := DocumentLimits{Introspection: refuseIntrospection}
	for name, test := range map[string]struct {
		limits              DocumentLimits
		document, operation string
		code                string
	}{
		"none":                           {DocumentLimits{}, strings.Repeat(`{a`, 999) + strings.Repeat(`}`, 999), "", ""},
		"none, unreadable":               {DocumentLimits{}, `{`, "", ""},
		"bytes":                          {DocumentLimits{Bytes: 5}, `{ a }`, "", ""},
		"a byte more":                    {DocumentLimits{Bytes: 5}, `{ a  }`, "", "DOCUMENT_TOO_LARGE"},
		"bytes, unreadable":              {DocumentLimits{Bytes: 5}, `{`, "", ""},
		"tokens":                         {DocumentLimits{Tokens: 4}, "{ a b } # and c", "", ""},
		"a token more":                   {DocumentLimits{Tokens: 4}, `{ a b c }`, "", "TOO_MANY_TOKENS"},
		"a token more, unreadable":       {DocumentLimits{Tokens: 4}, `{{{{{`, "", "TOO_MANY_TOKENS"},
		"more tokens than are read":      {DocumentLimits{Depth: 5}, `{` + strings.Repeat(` a`, 20_000) + `}`, "", "TOO_MANY_TOKENS"},
		"longest name":                   {DocumentLimits{Tokens: 9}, `{ ` + strings.Repeat(`a`, 255) + ` }`, "", ""},
		"longer field":                   {DocumentLimits{Tokens: 9}, `{ ` + strings.Repeat(`a`, 256) + ` }`, "", "NAME_TOO_LONG"},
		"longer type":                    {introspection, `query($v: ` + strings.Repeat(`A`, 256) + `) { a }`, "", "NAME_TOO_LONG"},
		"longer input field":             {DocumentLimits{Depth: 9}, `{ a(b: {` + strings.Repeat(`c`, 256) + `: 1}) }`, "", "NAME_TOO_LONG"},
		"long string":                    {DocumentLimits{Tokens: 9}, `{ a(b: "` + strings.Repeat(`c`, 256) + `") }`, "", ""},
		"long comment":                   {DocumentLimits{Tokens: 9}, `{ a } # ` + strings.Repeat(`c`, 256), "", ""},
		"fields":                         {DocumentLimits{Fields: 6}, fragments, "", ""},
		"a field more":                   {DocumentLimits{Fields: 5}, fragments, "", "TOO_MANY_FIELDS"},
		"depth":                          {DocumentLimits{Depth: 2}, `{ a { b } }`, "", ""},
		"a level more":                   {DocumentLimits{Depth: 2}, `{ a { b { c } } }`, "", "TOO_DEEP"},
		"a level more by a fragment":     {DocumentLimits{Depth: 1}, fragments, "", "TOO_DEEP"},
		"aliases":                        {DocumentLimits{Aliases: 5}, fragments, "", ""},
		"an alias more":                  {DocumentLimits{Aliases: 4}, fragments, "", "TOO_MANY_ALIASES"},
		"root fields":                    {DocumentLimits{RootFields: 3}, fragments, "", ""},
		"a root field more":              {DocumentLimits{RootFields: 2}, fragments, "", "TOO_MANY_ROOT_FIELDS"},
		"directives":                     {DocumentLimits{Directives: 5}, fragments, "", ""},
		"a directive more":               {DocumentLimits{Directives: 4}, fragments, "", "TOO_MANY_DIRECTIVES"},
		"introspection":                  {DocumentLimits{Introspection: allowIntrospection}, `{ __schema { types { name } } }`, "", ""},
		"introspection, unreadable":      {DocumentLimits{Introspection: allowIntrospection}, `{`, "", ""},
		"no introspection":               {introspection, `{ a: __schema { types { name } } }`, "", "INTROSPECTION_DISABLED"},
		"no introspection of a type":     {introspection, `{ ...F } fragment F on Q { __type(name: "A") { name } }`, "", "INTROSPECTION_DISABLED"},
		"no introspection in capitals":   {introspection, `{ __Schema { types { name } } }`, "", "INTROSPECTION_DISABLED"},
		"no introspection by _Type":      {introspection, `{ a: _Type(name: "A") { name } }`, "", "INTROSPECTION_DISABLED"},
		"typename in capitals":           {introspection, `{ __Typename _Typename }`, "", ""},
		"no introspection of some":       {DocumentLimits{Introspection: identifiedIntrospection}, `{ __schema { types { name } } }`, "", ""}, // see permits
		"of some, unreadable":            {DocumentLimits{Introspection: identifiedIntrospection}, `query & M { __schema { types { name } } }`, "", "GRAPHQL_PARSE_FAILED"},
		"typename":                       {introspection, `{ __typename }`, "", ""},
		"another operation":              {introspection, `query A { a } query B { __schema { types { name } } }`, "A", ""},
		"no operation":                   {introspection, `query A { a } query B { __schema { types { name } } }`, "", "INTROSPECTION_DISABLED"},
		"what Absinthe alone can read":   {introspection, `query & M { __schema { types { name } } }`, "", "GRAPHQL_PARSE_FAILED"},
		"what may be read in two ways":   {introspection, `{ __schema { types { name } } } # """" "`, "", "GRAPHQL_PARSE_FAILED"},
		"exponentially many":             {DocumentLimits{Aliases: 1e9}, doubling(100), "", "TOO_MANY_ALIASES"},
		"exponentially many fields":      {DocumentLimits{Fields: 1e9}, doubling(100), "", "TOO_MANY_FIELDS"},
		"a fragment that spreads itself": {DocumentLimits{Depth: 2}, `{ ...F } fragment F on Q { a { ...F } }`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.limits.read(schema.NewDocumentCache(1), &request{query: test.document, operationName: test.operation})
			got := ""
			var f *failure
			if errors.As(err, &f) {
				got = f.code
			}
			if got != test.code || (err == nil) != (test.code == "") || f != nil && f.status != 400 {
				t.Errorf("%v (%s), want %s", err, got, test.code)
			}
		})
	}
}

// doubling is a document of so many fragments, each of which spreads the next one
// twice.
func doubling(fragments int) string {
	document := `{ ...F0 }`
	for i := range fragments {
		document += fmt.Sprintf(` fragment F%d on Q { ...F%d ...F%[2]d }`, i, i+1)
	}
	return document + fmt.Sprintf(` fragment F%d on Q { a: b }`, fragments)
}

// recommendedLimits reads document_limits where docs/security.md recommends them.
func recommendedLimits(t *testing.T) DocumentLimits {
	t.Helper()
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("`(document_limits: {[^`]*})`").FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/security.md recommends no document_limits")
	}
	var config AppConfig
	if err := yaml.UnmarshalWithOptions(found[1], &config, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return config.DocumentLimits
}

// These documents cost a node seconds: what is expanded, and what Absinthe's lexer
// takes more than linear time for.
func TestRecommendedLimitsRefuseExpensiveDocuments(t *testing.T) {
	const size = 900_000
	limits := recommendedLimits(t)
	for name, test := range map[string]struct{ document, code string }{
		"fragments":               {doubling(26), "TOO_MANY_FIELDS"},
		"fragments of aliases":    {strings.ReplaceAll(doubling(26), "a: b", "b"), "TOO_MANY_FIELDS"},
		"fragments under a field": {strings.Replace(doubling(26), "{ ...F0 }", "{ a { ...F0 } }", 1), "TOO_MANY_FIELDS"},
		"few spread often":        {"{ ...F } fragment F on Q {" + strings.Repeat(" ...G", 300) + " } fragment G on Q {" + strings.Repeat(" a", 300) + " }", "TOO_MANY_FIELDS"},
		"string":                  {`{ a(b: "` + strings.Repeat("x", size) + `") }`, "DOCUMENT_TOO_LARGE"},
		"block string":            {`{ a(b: """` + strings.Repeat("x\n", size/2) + `""") }`, "DOCUMENT_TOO_LARGE"},
		"integer":                 {`{ a(b: ` + strings.Repeat("7", size) + `) }`, "DOCUMENT_TOO_LARGE"},
		"name":                    {`{ ` + strings.Repeat("a", size) + ` }`, "DOCUMENT_TOO_LARGE"},
		"line feeds":              {strings.Repeat("\n", size) + `{ a }`, "DOCUMENT_TOO_LARGE"},
	} {
		err := limits.read(schema.NewDocumentCache(1), &request{query: test.document})
		var f *failure
		if !errors.As(err, &f) || f.code != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if err := limits.read(schema.NewDocumentCache(1), &request{query: schema.Introspection}); err == nil {
		t.Error("introspection is not refused")
	}
}

func TestDocumentLimitsValidate(t *testing.T) {
	for key, limits := range map[string]DocumentLimits{
		"document_limits":               {Depth: -1},
		"document_limits.tokens":        {Tokens: schema.MaxTokens + 1},
		"document_limits.introspection": {Introspection: "off"},
		"":                              {Bytes: 1, Tokens: schema.MaxTokens, Fields: 1, Depth: 1, Aliases: 1, RootFields: 1, Directives: 1, Introspection: "refuse"},
	} {
		config := AppConfig{DocumentLimits: limits}
		config.SetDefaults()
		if err := config.Validate(false); (err == nil) != (key == "") || err != nil && !strings.Contains(err.Error(), key+" ") {
			t.Errorf("%+v: %v, want an error about %q", limits, err, key)
		}
	}
}

func TestIntrospectionOfTheIdentified(t *testing.T) {
	const asking, aside = `query A { __typename ...F } fragment F on Q { a: __schema { types { name } } }`, ` query B { __typename }`
	for name, test := range map[string]struct {
		word, document, operation string
		identified, refused       bool
	}{
		"somebody":             {identifiedIntrospection, asking, "", true, false},
		"nobody":               {identifiedIntrospection, asking, "", false, true},
		"nobody, typename":     {identifiedIntrospection, `{ __typename }`, "", false, false},
		"nobody, beside it":    {identifiedIntrospection, asking + aside, "B", false, false},
		"nobody, either":       {identifiedIntrospection, asking + aside, "", false, true},
		"everybody":            {allowIntrospection, asking, "", false, false},
		"everybody by default": {"", asking, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			limits := DocumentLimits{Introspection: test.word}
			req := &request{query: test.document, operationName: test.operation}
			if err := limits.read(schema.NewDocumentCache(1), req); err != nil {
				t.Fatal(err)
			}
			err := limits.permits(req.operation, test.identified)
			if (err != nil) != test.refused || err != nil && err != introspectionForbidden {
				t.Errorf("%v", err)
			}
		})
	}
}

func BenchmarkDocumentLimits(b *testing.B) {
	const document = `query Posts($first: Int!) { posts(first: $first) { id title author { name } } }`
	for name, limits := range map[string]DocumentLimits{
		"off": {},
		"on":  {Bytes: 1000, Tokens: 1000, Depth: 10, Aliases: 10, RootFields: 10, Directives: 10, Introspection: refuseIntrospection},
	} {
		b.Run(name, func(b *testing.B) {
			documents := schema.NewDocumentCache(1)
			b.ReportAllocs()
			for b.Loop() {
				if err := limits.read(documents, &request{query: document, operationName: "Posts"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
