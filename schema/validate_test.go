package schema

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/internal/goldentest"
)

// verdict is the result of Absinthe for a document (testdata/contract/record.exs).
type verdict struct {
	Name     string
	Query    string
	Accepted bool
	Message  string // the error
}

func verdicts(t testing.TB, file string) (all []verdict) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d verdicts, %v", len(all), err)
	}
	return all
}

func contractSchema(t testing.TB) *Schema {
	t.Helper()
	s, err := FromNode(read(t, "../testdata/contract/schema.graphql"), []byte(read(t, "../testdata/contract/introspection.json")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verdictFile returns the file with verdicts; VERDICTS may name another one.
func verdictFile() string {
	if file := os.Getenv("VERDICTS"); file != "" {
		return file
	}
	return "../testdata/contract/verdicts.jsonl"
}

// Validation never refuses what Absinthe runs, whether default values are known or not.
func TestValidateRefusesNothingThatAbsintheAccepts(t *testing.T) {
	withoutDefaults, err := load(read(t, "../testdata/contract/schema.graphql"), false)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Schema{"with defaults": contractSchema(t), "without defaults": withoutDefaults} {
		t.Run(name, func(t *testing.T) {
			refused, both := 0, 0
			for _, v := range verdicts(t, verdictFile()) {
				errs := s.Validate(v.Query)
				if v.Accepted && len(errs) > 0 {
					t.Errorf("%s\nis refused: %v", v.Query, errs)
				}
				if !v.Accepted {
					refused++
					if len(errs) > 0 {
						both++
					} else if testing.Verbose() && os.Getenv("LENIENT") != "" {
						t.Logf("%s passes; Absinthe: %s", v.Query, v.Message)
					}
				}
			}
			t.Logf("of %d documents that Absinthe refused, %d are refused without it", refused, both)
		})
	}
}

// The golden cases have another schema.
func TestValidateRefusesNoGoldenCase(t *testing.T) {
	s, err := FromNode(read(t, "../testdata/golden/schema.graphql"), []byte(read(t, "../testdata/golden/introspection.json")))
	if err != nil {
		t.Fatal(err)
	}
	for _, recorded := range goldentest.Cases(t) {
		accepted := strings.Contains(recorded.JSON, `"data":`)
		if errs := s.Validate(recorded.Query); accepted && len(errs) > 0 {
			t.Errorf("%s\nis refused: %v", recorded.Query, errs)
		}
	}
}

// Messages and locations are those of other servers, without the values of literals.
func TestValidateSaysWhy(t *testing.T) {
	s := contractSchema(t)
	for document, want := range map[string]string{
		"{ nope }":                                  `1:3: Cannot query field "nope" on type "RootQueryType".`,
		"{\n  person(id: 1) { first_nam }\n}":       `2:19: Cannot query field "first_nam" on type "Person".`,
		"{ person { id } }":                         `1:3: Field "person" argument "id" of type "ID!" is required, but it was not provided.`,
		"{ person(id: 1, nope: 2) { id } }":         `1:3: Unknown argument "nope" on field "RootQueryType.person".`,
		"{ person(id: 1) }":                         `1:3: Field "person" of type "Person" must have a selection of subfields. Did you mean "person { ... }"?`,
		"{ hello { x } }":                           `1:3: Field "hello" must not have a selection since type "String" has no subfields.`,
		`{ echo(i: "secret") }`:                     `1:12: Expected value of type "Int", found a string.`,
		`{ echo(c: "secret") }`:                     `1:12: Enum "Color" cannot represent a string.`,
		"{ echo(c: PINK) }":                         `1:11: Value "PINK" does not exist in "Color" enum.`,
		"{ echo(filter: {nope: 1}) }":               `1:16: Field "nope" is not defined by type "Filter".`,
		"query($x: Int) { echo(s: $x) }":            `1:26: Variable "$x" of type "Int" used in position expecting type "String".`,
		"query($x: Int) { hello }":                  `1:7: Variable "$x" is never used.`,
		"{ echo(s: $x) }":                           `1:11: Variable "$x" is not defined.`,
		"{ ...F }":                                  `1:6: Unknown fragment "F".`,
		"{ hello } fragment F on Person { id }":     `1:11: Fragment "F" is never used.`,
		"{ hello @nope }":                           `1:10: Unknown directive "@nope".`,
		"{ node { ... on City { name } } }":         `1:14: Fragment cannot be spread here as objects of type "Node" can never be of type "City".`,
		"{ hello } { hello }":                       `1:1: This anonymous operation must be the only defined operation.`,
		"{ echo(snake_arg: 1, snakeArg: 2) x: no }": `1:35: Cannot query field "no" on type "RootQueryType".`,
	} {
		errs := s.Validate(document)
		if len(errs) == 0 {
			t.Errorf("%s passes", document)
			continue
		}
		all := ""
		for _, e := range errs {
			all += e.String() + "\n"
		}
		if !strings.Contains(all, want+"\n") {
			t.Errorf("%s: %s, want %s", document, all, want)
		}
		if strings.Contains(all, "secret") {
			t.Errorf("%s: the message has a value: %s", document, all)
		}
	}
}

// The errors of an invalid document do not include names that Absinthe accepts.
func TestValidateTellsOnlyWhatAbsintheRefuses(t *testing.T) {
	s := contractSchema(t)
	for document, want := range map[string]string{
		"{ __Typename Many_Words nope }":           `1:25: Cannot query field "nope" on type "RootQueryType".`,
		"{ Hello @Skip(If: true) nope }":           `1:25: Cannot query field "nope" on type "RootQueryType".`,
		"{ Person(ID: 1) { First_Name Nope } }":    `1:30: Cannot query field "nope" on type "Person".`,
		"{ echo(Snake_Arg: 1, filter: {NOPE: 1})}": `1:30: Field "NOPE" is not defined by type "Filter".`,
	} {
		errs := s.Validate(document)
		if len(errs) == 0 || errs[0].String() != want {
			t.Errorf("%s: %v, want %s", document, errs, want)
		}
	}
}

func TestValidateKeepsLittle(t *testing.T) {
	s := contractSchema(t)
	errs := s.Validate("{ " + strings.Repeat(strings.Repeat("x", 1000)+" ", 1000) + "}")
	if len(errs) != maxErrors || len(errs[0].Message) > maxMessage+10 {
		t.Errorf("%d errors, the first of %d bytes", len(errs), len(errs[0].Message))
	}
}

func FuzzValidate(f *testing.F) {
	for _, v := range verdicts(f, verdictFile()) {
		f.Add(v.Query)
	}
	s := contractSchema(f)
	f.Fuzz(func(t *testing.T, document string) {
		s.Validate(document)
		s.UsedPaths(document, "")
	})
}

func FuzzFromNode(f *testing.F) {
	const answer = `{"data":{"__schema":{"queryType":{"name":"Q"},"types":[{"kind":"OBJECT","name":"Q","fields":[{"name":"a","args":[
{"name":"b","defaultValue":"[1]","type":{"kind":"LIST","ofType":{"kind":"SCALAR","name":"Int"}}}],"type":{"kind":"NON_NULL","ofType":{"kind":"ENUM","name":"E"}}}]},
{"kind":"ENUM","name":"E","enumValues":[{"name":"V","isDeprecated":true,"deprecationReason":"r"}]}],"directives":[{"name":"d","locations":["FIELD"],"args":[]}]}}}`
	f.Add("", []byte(answer))
	f.Add(`schema { query: Q } directive @d on FIELD type Q implements I { a(b: [Int]): E! } interface I { a: E } enum E { V @deprecated } union U = Q input N { n: N }`, []byte(answer))
	f.Fuzz(func(t *testing.T, sdl string, introspection []byte) {
		if s, err := FromNode(sdl, introspection); err == nil {
			s.Validate("{ a }")
		}
	})
}

// BenchmarkValidateWorst validates documents of MaxTokens tokens that take long.
func BenchmarkValidateWorst(b *testing.B) {
	s := contractSchema(b)
	const fragments = 150
	spreads := "{ ...F0 }"
	for i := range fragments {
		next := fmt.Sprintf("...F%d", i+1)
		if i == fragments-1 {
			next = ""
		}
		spreads += fmt.Sprintf(" fragment F%d on RootQueryType { %s %s}", i, next, strings.Repeat("hello ", 20))
	}
	for name, document := range map[string]string{
		"fields":    "{" + strings.Repeat(" hello", MaxTokens-2) + "}",
		"unknown":   "{" + strings.Repeat(" x", MaxTokens-2) + "}",
		"fragments": spreads,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Validate(document)
			}
		})
	}
}

// A fragment is walked once for each fragment that spreads it, and its errors are found
// again each time. Small documents must not take long for that.
func TestHostileDocumentsTakeNoTime(t *testing.T) {
	s, err := Load(`type Query { a(x: Int): Query b: Int }`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ operations, fragments, fields int }{{1300, 1, 8000}, {32, 1, 14000}, {1, 110, 12000}} {
		var b strings.Builder
		for i := range c.operations {
			fmt.Fprintf(&b, "query Q%d{...F0}", i)
		}
		for i := range c.fragments - 1 {
			fmt.Fprintf(&b, "fragment F%d on Query{...F%d}", i, i+1)
		}
		fmt.Fprintf(&b, "fragment F%d on Query{%s}", c.fragments-1, strings.Repeat("c ", c.fields))
		document := b.String()
		// Memory is the measure, since it takes the time. Parsing alone takes some 10 MB.
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				s.Validate(document)
			}
		})
		if mb := result.AllocedBytesPerOp() >> 20; mb > 64 {
			t.Errorf("%+v, %d bytes: %d MiB are allocated, in %v", c, len(document), mb, time.Duration(result.NsPerOp()))
		}
	}
}
