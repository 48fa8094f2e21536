package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/schema"
)

// runOf returns a run of one operation in an engine of this configuration.
func runOf(cfg Config, req *operation.Request) *run {
	return &run{Engine: New(App{Config: cfg}, NewShared(0, slog.New(slog.DiscardHandler)), Limits{}), Request: req, result: new(operation.Result)}
}

// parsed returns a run that has parsed its document, or why that is refused.
func parsed(t *testing.T, limits DocumentLimits, document, operationName string) (*run, error) {
	r := runOf(Config{DocumentLimits: limits}, &operation.Request{Query: document, OperationName: operationName})
	return r, r.parse(t.Context())
}

func TestDocumentLimits(t *testing.T) {
	const fragments = `{ ...F ...F x: a @b { c } } fragment F on Q { y: a @b { z: c @b } }`
	introspection := DocumentLimits{Introspection: refuseIntrospection}
	for name, test := range map[string]struct {
		limits                  DocumentLimits
		document, operationName string
		code                    string
	}{
		"none":                           {DocumentLimits{}, strings.Repeat(`{a`, 999) + strings.Repeat(`}`, 999), "", ""},
		"none, unreadable":               {DocumentLimits{}, `{`, "", ""},
		"bytes":                          {DocumentLimits{Bytes: 5}, `{ a }`, "", ""},
		"a byte more":                    {DocumentLimits{Bytes: 5}, `{ a  }`, "", "DOCUMENT_TOO_LARGE"},
		"bytes, unreadable":              {DocumentLimits{Bytes: 5}, `{`, "", ""},
		"tokens":                         {DocumentLimits{Tokens: 4}, "{ a b } # and c", "", ""},
		"a token more":                   {DocumentLimits{Tokens: 4}, `{ a b c }`, "", "TOO_MANY_TOKENS"},
		"a token more, unreadable":       {DocumentLimits{Tokens: 4}, `{{{{{`, "", "TOO_MANY_TOKENS"},
		"more tokens than are parsed":    {DocumentLimits{Depth: 5}, `{` + strings.Repeat(` a`, 20_000) + `}`, "", "TOO_MANY_TOKENS"},
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
		"identified introspection":       {DocumentLimits{Introspection: identifiedIntrospection}, `{ __schema { types { name } } }`, "", ""}, // checkIntrospection refuses it later
		"identified, unreadable":         {DocumentLimits{Introspection: identifiedIntrospection}, `query & M { __schema { types { name } } }`, "", "GRAPHQL_PARSE_FAILED"},
		"typename":                       {introspection, `{ __typename }`, "", ""},
		"another operation":              {introspection, `query A { a } query B { __schema { types { name } } }`, "A", ""},
		"no operation":                   {introspection, `query A { a } query B { __schema { types { name } } }`, "", "INTROSPECTION_DISABLED"},
		"only Absinthe can parse it":     {introspection, `query & M { __schema { types { name } } }`, "", "GRAPHQL_PARSE_FAILED"},
		"Absinthe parses it differently": {introspection, `{ __schema { types { name } } } # """" "`, "", "GRAPHQL_PARSE_FAILED"},
		"exponentially many aliases":     {DocumentLimits{Aliases: 1e9}, doubling(100), "", "TOO_MANY_ALIASES"},
		"exponentially many fields":      {DocumentLimits{Fields: 1e9}, doubling(100), "", "TOO_MANY_FIELDS"},
		"a fragment that spreads itself": {DocumentLimits{Depth: 2}, `{ ...F } fragment F on Q { a { ...F } }`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parsed(t, test.limits, test.document, test.operationName)
			got := ""
			var e *operation.Error
			if errors.As(err, &e) {
				got = e.Code
			}
			if got != test.code || (err == nil) != (test.code == "") || e != nil && e.Class != operation.BadRequest {
				t.Errorf("%v (%s), want %s", err, got, test.code)
			}
		})
	}
}

// doubling returns a document of so many fragments, each of which spreads the next one
// twice.
func doubling(fragments int) string {
	document := `{ ...F0 }`
	for i := range fragments {
		document += fmt.Sprintf(` fragment F%d on Q { ...F%d ...F%[2]d }`, i, i+1)
	}
	return document + fmt.Sprintf(` fragment F%d on Q { a: b }`, fragments)
}

// recommendedLimits returns the document_limits that docs/security.md recommends.
func recommendedLimits(t *testing.T) DocumentLimits {
	t.Helper()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("`(document_limits: {[^`]*})`").FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/security.md recommends no document_limits")
	}
	var config Config
	if err := yaml.UnmarshalWithOptions(found[1], &config, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	return config.DocumentLimits
}

// A node works on each of these documents for seconds: it expands the fragments of some, and
// Absinthe's lexer takes more than linear time for the others.
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
		_, err := parsed(t, limits, test.document, "")
		var e *operation.Error
		if !errors.As(err, &e) || e.Code != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if _, err := parsed(t, limits, schema.Introspection, ""); err == nil {
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
		config := Config{DocumentLimits: limits}
		config.SetDefaults()
		if err := config.Validate(); (err == nil) != (key == "") || err != nil && !strings.Contains(err.Error(), key+" ") {
			t.Errorf("%+v: %v, want an error about %q", limits, err, key)
		}
	}
}

func TestIdentifiedIntrospection(t *testing.T) {
	const introspects, other = `query A { __typename ...F } fragment F on Q { a: __schema { types { name } } }`, ` query B { __typename }`
	for name, test := range map[string]struct {
		introspection, document, operationName string
		identified, refused                    bool
	}{
		"identified":                 {identifiedIntrospection, introspects, "", true, false},
		"anonymous":                  {identifiedIntrospection, introspects, "", false, true},
		"anonymous, typename":        {identifiedIntrospection, `{ __typename }`, "", false, false},
		"anonymous, other operation": {identifiedIntrospection, introspects + other, "B", false, false},
		"anonymous, no operation":    {identifiedIntrospection, introspects + other, "", false, true},
		"allowed":                    {allowIntrospection, introspects, "", false, false},
		"allowed by default":         {"", introspects, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := parsed(t, DocumentLimits{Introspection: test.introspection}, test.document, test.operationName)
			if err != nil {
				t.Fatal(err)
			}
			r.identified = test.identified
			err = r.checkIntrospection(t.Context())
			if (err != nil) != test.refused || err != nil && err != errIntrospectionForbidden {
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
			r := runOf(Config{DocumentLimits: limits}, &operation.Request{Query: document, OperationName: "Posts"})
			b.ReportAllocs()
			for b.Loop() {
				if err := r.parse(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
