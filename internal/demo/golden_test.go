package demo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/demo"
	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Results of the demo differ from those of Absinthe only in their values: they
// have the same kinds of terms under the same keys. The cases were recorded from
// Absinthe. A similar document of the demo replaces one that needs another schema.
func TestAnswersHaveTheShapeOfAbsinthes(t *testing.T) {
	recorded := recordedCases(t)
	for name, document := range map[string]string{
		"the seed's query":                "", // the recorded document
		"the seed's query without a user": "",
		"operation by name":               `query A { backend } query B { backend }`,
		"operation name missing":          `query A { backend } query B { backend }`,
		"operation name unknown":          `query A { backend }`,
		"include and skip":                `query($y: Boolean!, $n: Boolean!) { backend @include(if: $y) parts @skip(if: $y) { id } part(id: "p1") @include(if: $n) { id } }`,
		"empty list":                      "",
		"null object":                     `{ part(id: "0") { id } }`,
		"unknown field":                   "",
		"syntax error":                    "",
		"empty document":                  "",
		"mutation":                        `mutation R($name: String!) { placeOrder(lines: [{partId: "p1", quantity: 1}], note: $name) { id note } }`,
		"introspection of a type":         `{ __type(name: "Session") { kind name fields { name isDeprecated type { kind name ofType { kind name } } } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			c, ok := recorded[name]
			if !ok {
				t.Fatal("not among the recorded cases")
			}
			if document == "" {
				document = c.Query
			}
			got := request{document, string(c.Variables), c.OperationName, c.ContextETF[1:]}.run(t, demo.NewBackend())
			want := etf.NewDecoder(etf.Term{Bytes: c.ResultETF[1:]}) // without the version byte
			if _, err := want.Tuple(); err != nil {
				t.Fatal(err)
			}
			if err := want.Skip(); err != nil {
				t.Fatal(err)
			}
			if g, w := shape(t, got), shape(t, want.Rest()); g != w {
				t.Errorf("got  %s\nwant %s", g, w)
			}
		})
	}
}

// The first queries of the documentation have equal results, except for the user.
func TestSeedQueryWithoutUserAnswersAsAbsinthe(t *testing.T) {
	c := recordedCases(t)["the seed's query without a user"]
	wantJSON(t, toJSON(t, request{document: c.Query}.run(t, demo.NewBackend())), c.JSON)
}

// recordedCases returns the recorded runs by name.
func recordedCases(t *testing.T) map[string]goldentest.Case {
	t.Helper()
	cases := map[string]goldentest.Case{}
	for _, c := range goldentest.Cases(t) {
		cases[c.Name] = c
	}
	return cases
}

// shape writes a term with types in place of values. It merges elements of a list
// with the same shape, and also the values under binary keys of a map, whose names
// come from the schema. Atom keys remain.
func shape(t *testing.T, term etf.Term) string {
	t.Helper()
	d := etf.NewDecoder(term)
	next := func() etf.Term {
		element, err := d.Term()
		if err != nil {
			t.Fatal(err)
		}
		return element
	}
	tag, err := d.Tag()
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	switch tag {
	case etf.TagMap:
		n, err := d.Map()
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			key := shape(t, next())
			parts = append(parts, key+" => "+shape(t, next()))
		}
	case etf.TagList:
		n, err := d.List()
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			parts = append(parts, shape(t, next()))
		}
		if err := d.Nil(); err != nil {
			t.Fatal(err)
		}
	case etf.TagBinary:
		return "binary"
	case etf.TagSmallInteger, etf.TagInteger:
		return "integer"
	case etf.TagNewFloat:
		return "float"
	case etf.TagNil:
		return "[]"
	case etf.TagSmallAtomUTF8:
		name, err := d.Atom()
		if err != nil {
			t.Fatal(err)
		}
		if name == "true" || name == "false" {
			return "boolean"
		}
		return ":" + name
	default:
		t.Fatalf("a %v where no answer has one", tag)
	}
	slices.Sort(parts)
	return fmt.Sprintf("%v(%s)", tag, strings.Join(slices.Compact(parts), ", "))
}
