package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const checkedSDL = `
type Query { person(id: ID!, old: Int @deprecated(reason: "no use")): Person hello: String @deprecated(reason: "use greet") all(filter: Filter, color: Color): [Node] }
interface Node { id: ID }
type Person implements Node { id: ID name: String nick: String @deprecated }
input Filter { color: Color gone: Int @deprecated and: [Filter] }
enum Color { RED BLUE @deprecated(reason: "sad") }
type Mutation { rename(id: ID!): Person }`

func TestUsedPaths(t *testing.T) {
	s := mustLoad(t, checkedSDL)
	for _, test := range []struct {
		document, operation string
		want                []string
	}{
		{`{ hello }`, "", []string{"Query.hello"}},
		{`{ person(id: 1) { name } }`, "", []string{"Person.name", "Query.person", "Query.person(id:)"}},
		{`{ person(ID: 1, old: 2) { Nick __typename } }`, "", []string{"Person.nick", "Query.person", "Query.person(id:)", "Query.person(old:)"}},
		{`{ all(filter: {and: [{gone: 1}, {color: BLUE}]}, color: RED) { id ... on Person { nick } ...P } } fragment P on Person { name }`, "",
			[]string{"Color.BLUE", "Color.RED", "Filter.and", "Filter.color", "Filter.gone", "Node.id", "Person.name", "Person.nick", "Query.all", "Query.all(color:)", "Query.all(filter:)"}},
		{`query A { hello } mutation B { rename(id: 1) { id } }`, "B", []string{"Mutation.rename", "Mutation.rename(id:)", "Person.id"}},
		{`query A { hello } mutation B { rename(id: 1) { id } }`, "", []string{"Mutation.rename", "Mutation.rename(id:)", "Person.id", "Query.hello"}},
		{`{ ...P } fragment P on Query { ...P hello }`, "", []string{"Query.hello"}},
		{`{ nope { x } __schema { types { name } } }`, "", nil},
		{`{ hello`, "", nil},
	} {
		if got := s.UsedPaths(test.document, test.operation); !slices.Equal(got, test.want) {
			t.Errorf("%s uses %q, want %q", test.document, got, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	s := mustLoad(t, checkedSDL)
	got := s.Check(append([]Source{
		{"a.graphql", "query One {\n  person(id: 1) { ...Named nope }\n}\nquery Two { hello }\nquery Three($x: Int) { person(id: 1) { ...Elsewhere } }"},
		{"b.graphql", "fragment Named on Person { name nick }\nfragment Elsewhere on Person { missing }\nfragment Unused on Person { id }"},
		{"broken.graphql", "query {"},
		{"copy.graphql", checkedSDL},
	}, FromScript("c.ts", "import gql from 'x'\nconst Q = gql`\n  query Four {\n    person(id: 1) { ...Named gone }\n  }\n  ${Named}\n`\n")...))
	var text strings.Builder
	for _, c := range got {
		fmt.Fprintln(&text, c)
		for _, e := range c.Errors {
			fmt.Fprintln(&text, " ", e)
		}
		for _, use := range c.Deprecated {
			fmt.Fprintln(&text, "  deprecated", use.Path, use.Reason)
		}
	}
	const want = `a.graphql:1 One
  a.graphql:2:28: Cannot query field "nope" on type "Person".
  deprecated Person.nick 
a.graphql:4 Two
  deprecated Query.hello use greet
a.graphql:5 Three
  b.graphql:2:32: Cannot query field "missing" on type "Person".
  a.graphql:5:13: Variable "$x" is never used in operation "Three".
broken.graphql
  broken.graphql:1:8: Expected Name, found <EOF>
c.ts:3 Four
  c.ts:4:30: Cannot query field "gone" on type "Person".
  deprecated Person.nick 
`
	if got := text.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFromScript(t *testing.T) {
	for text, want := range map[string][]string{
		"gql`{ a }`":                                 {"{ a }"},
		"graphql(`{ a }`)":                           {"{ a }"},
		"gql<Q, V>`{ a }` + gql`{ b }`":              {"{ a }", "{ b }"},
		"gql(/* GraphQL */ `{ a }`)":                 {"{ a }"},
		"/* GraphQL */ `{ a }`":                      {"{ a }"},
		"gql`{ a }\n${x} ${y.z}`":                    {"{ a }"},
		"gql`{ a(b: \"\\`\") }`":                     {"{ a(b: \"\\`\") }"},
		"gql`{ a":                                    {"{ a"},
		"sql`select` + `{ a }` + mygql`{ a }` + gql": nil,
	} {
		var got []string
		for _, s := range FromScript("x.js", text) {
			got = append(got, strings.TrimSpace(s.Text))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
