package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	const query = "type Query { x: Int }\n"
	for name, test := range map[string]struct {
		former, next string
		want         []string // severity, kind and path
	}{
		"nothing":                      {`type T { a: Int b: Int } enum E { A B }`, `enum E { B A } "T" type T { "b" b: Int a: Int }`, nil},
		"type removed":                 {`type T { a: Int }`, ``, []string{"breaking TYPE_REMOVED T"}},
		"type added":                   {``, `type T { a: Int }`, []string{"safe TYPE_ADDED T"}},
		"kind of a type":               {`type T { a: Int }`, `interface T { a: Int }`, []string{"breaking TYPE_CHANGED_KIND T"}},
		"scalar for an enum":           {`scalar T`, `enum T { A }`, []string{"breaking TYPE_CHANGED_KIND T"}},
		"field removed":                {`type T { a: Int b: Int }`, `type T { a: Int }`, []string{"breaking FIELD_REMOVED T.b"}},
		"field added":                  {`type T { a: Int }`, `type T { a: Int b: Int }`, []string{"safe FIELD_ADDED T.b"}},
		"field of an interface":        {`interface T { a: Int b: Int }`, `interface T { a: Int }`, []string{"breaking FIELD_REMOVED T.b"}},
		"field of another type":        {`type T { a: Int }`, `type T { a: String }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"field never null":             {`type T { a: Int }`, `type T { a: Int! }`, []string{"safe FIELD_CHANGED_KIND T.a"}},
		"field may be null":            {`type T { a: Int! }`, `type T { a: Int }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"field now a list":             {`type T { a: Int }`, `type T { a: [Int] }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"field no longer a list":       {`type T { a: [Int] }`, `type T { a: Int }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"items never null":             {`type T { a: [Int] }`, `type T { a: [Int!] }`, []string{"safe FIELD_CHANGED_KIND T.a"}},
		"items may be null":            {`type T { a: [Int!] }`, `type T { a: [Int] }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"field of a subtype":           {`type T { a: I } interface I { b: Int } type S implements I { b: Int }`, `type T { a: S } interface I { b: Int } type S implements I { b: Int }`, []string{"safe FIELD_CHANGED_KIND T.a"}},
		"field of a supertype":         {`type T { a: S } interface I { b: Int } type S implements I { b: Int }`, `type T { a: I } interface I { b: Int } type S implements I { b: Int }`, []string{"breaking FIELD_CHANGED_KIND T.a"}},
		"field of a member":            {`type T { a: U } union U = S type S { b: Int }`, `type T { a: S } union U = S type S { b: Int }`, []string{"safe FIELD_CHANGED_KIND T.a"}},
		"field deprecated":             {`type T { a: Int }`, `type T { a: Int @deprecated(reason: "r") }`, []string{"safe DEPRECATED T.a"}},
		"field not deprecated":         {`type T { a: Int @deprecated }`, `type T { a: Int }`, []string{"safe DEPRECATION_REMOVED T.a"}},
		"argument removed":             {`type T { a(b: Int): Int }`, `type T { a: Int }`, []string{"breaking ARG_REMOVED T.a(b:)"}},
		"argument added":               {`type T { a: Int }`, `type T { a(b: Int): Int }`, []string{"dangerous OPTIONAL_ARG_ADDED T.a(b:)"}},
		"required argument added":      {`type T { a: Int }`, `type T { a(b: Int!): Int }`, []string{"breaking REQUIRED_ARG_ADDED T.a(b:)"}},
		"argument with default added":  {`type T { a: Int }`, `type T { a(b: Int! = 1): Int }`, []string{"dangerous OPTIONAL_ARG_ADDED T.a(b:)"}},
		"argument required":            {`type T { a(b: Int): Int }`, `type T { a(b: Int!): Int }`, []string{"breaking ARG_CHANGED_KIND T.a(b:)"}},
		"argument not required":        {`type T { a(b: Int!): Int }`, `type T { a(b: Int): Int }`, []string{"safe ARG_CHANGED_KIND T.a(b:)"}},
		"argument of another type":     {`type T { a(b: Int): Int }`, `type T { a(b: String): Int }`, []string{"breaking ARG_CHANGED_KIND T.a(b:)"}},
		"argument now a list":          {`type T { a(b: Int): Int }`, `type T { a(b: [Int]): Int }`, []string{"breaking ARG_CHANGED_KIND T.a(b:)"}},
		"items of an argument":         {`type T { a(b: [Int!]): Int }`, `type T { a(b: [Int]): Int }`, []string{"safe ARG_CHANGED_KIND T.a(b:)"}},
		"default changed":              {`type T { a(b: Int = 1): Int }`, `type T { a(b: Int = 2): Int }`, []string{"dangerous ARG_DEFAULT_VALUE_CHANGE T.a(b:)"}},
		"default removed":              {`type T { a(b: Int = 1): Int }`, `type T { a(b: Int): Int }`, []string{"dangerous ARG_DEFAULT_VALUE_CHANGE T.a(b:)"}},
		"default of required removed":  {`type T { a(b: Int! = 1): Int }`, `type T { a(b: Int!): Int }`, []string{"breaking ARG_DEFAULT_VALUE_CHANGE T.a(b:)"}},
		"default added":                {`type T { a(b: Int): Int }`, `type T { a(b: Int = 1): Int }`, []string{"safe ARG_DEFAULT_VALUE_CHANGE T.a(b:)"}},
		"default written otherwise":    {`type T { a(b: N = {c: 1}): Int } input N { c: Int }`, `type T { a(b: N = { c : 1 , }): Int } input N { c: Int }`, nil},
		"argument deprecated":          {`type T { a(b: Int): Int }`, `type T { a(b: Int @deprecated): Int }`, []string{"safe DEPRECATED T.a(b:)"}},
		"enum value removed":           {`enum E { A B }`, `enum E { A }`, []string{"breaking VALUE_REMOVED_FROM_ENUM E.B"}},
		"enum value added":             {`enum E { A }`, `enum E { A B }`, []string{"dangerous VALUE_ADDED_TO_ENUM E.B"}},
		"enum value deprecated":        {`enum E { A }`, `enum E { A @deprecated }`, []string{"safe DEPRECATED E.A"}},
		"member removed":               {`union U = A | B type A { a: Int } type B { a: Int }`, `union U = A type A { a: Int } type B { a: Int }`, []string{"breaking TYPE_REMOVED_FROM_UNION U"}},
		"member added":                 {`union U = A type A { a: Int } type B { a: Int }`, `union U = A | B type A { a: Int } type B { a: Int }`, []string{"dangerous TYPE_ADDED_TO_UNION U"}},
		"interface removed":            {`interface I { a: Int } type T implements I { a: Int }`, `interface I { a: Int } type T { a: Int }`, []string{"breaking IMPLEMENTED_INTERFACE_REMOVED T"}},
		"interface added":              {`interface I { a: Int } type T { a: Int }`, `interface I { a: Int } type T implements I { a: Int }`, []string{"dangerous IMPLEMENTED_INTERFACE_ADDED T"}},
		"input field removed":          {`input N { a: Int b: Int }`, `input N { a: Int }`, []string{"breaking FIELD_REMOVED N.b"}},
		"input field added":            {`input N { a: Int }`, `input N { a: Int b: Int }`, []string{"dangerous OPTIONAL_INPUT_FIELD_ADDED N.b"}},
		"required input field added":   {`input N { a: Int }`, `input N { a: Int b: Int! }`, []string{"breaking REQUIRED_INPUT_FIELD_ADDED N.b"}},
		"input field required":         {`input N { a: Int }`, `input N { a: Int! }`, []string{"breaking FIELD_CHANGED_KIND N.a"}},
		"input field not required":     {`input N { a: Int! }`, `input N { a: Int }`, []string{"safe FIELD_CHANGED_KIND N.a"}},
		"default of an input field":    {`input N { a: Int = 1 }`, `input N { a: Int = 2 }`, []string{"dangerous INPUT_FIELD_DEFAULT_VALUE_CHANGE N.a"}},
		"directive removed":            {`directive @d on FIELD`, ``, []string{"breaking DIRECTIVE_REMOVED @d"}},
		"directive added":              {``, `directive @d on FIELD`, []string{"safe DIRECTIVE_ADDED @d"}},
		"directive's location removed": {`directive @d on FIELD | QUERY`, `directive @d on FIELD`, []string{"breaking DIRECTIVE_LOCATION_REMOVED @d"}},
		"directive's location added":   {`directive @d on FIELD`, `directive @d on FIELD | QUERY`, []string{"safe DIRECTIVE_LOCATION_ADDED @d"}},
		"directive not repeatable":     {`directive @d repeatable on FIELD`, `directive @d on FIELD`, []string{"breaking DIRECTIVE_REPEATABLE_REMOVED @d"}},
		"directive's argument removed": {`directive @d(a: Int) on FIELD`, `directive @d on FIELD`, []string{"breaking DIRECTIVE_ARG_REMOVED @d(a:)"}},
		"directive's required added":   {`directive @d on FIELD`, `directive @d(a: Int!) on FIELD`, []string{"breaking REQUIRED_DIRECTIVE_ARG_ADDED @d(a:)"}},
		"mutation removed":             {`schema { query: Query mutation: M } type M { a: Int }`, `schema { query: Query } type M { a: Int }`, []string{"breaking ROOT_REMOVED M"}},
		"mutation added":               {`schema { query: Query } type M { a: Int }`, `schema { query: Query mutation: M } type M { a: Int }`, []string{"safe ROOT_ADDED M"}},
		"root renamed": {`schema { query: Query mutation: M } type M { a: Int b: Int }`, `schema { query: Query mutation: N } type M { a: Int b: Int } type N { a: Int }`,
			[]string{"breaking FIELD_REMOVED N.b", "safe ROOT_CHANGED N", "safe TYPE_ADDED N"}},
		"order": {`type T { a: Int } enum E { A }`, `type T { b: Int } enum E { A B } type S { a: Int }`,
			[]string{"breaking FIELD_REMOVED T.a", "dangerous VALUE_ADDED_TO_ENUM E.B", "safe TYPE_ADDED S", "safe FIELD_ADDED T.b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range Diff(mustLoad(t, query+test.former), mustLoad(t, query+test.next)) {
				got = append(got, fmt.Sprintf("%s %s %s", c.Severity, c.Kind, c.Path))
				if c.Message == "" || strings.Contains(c.Message, "%!") {
					t.Errorf("message %q", c.Message)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%q, want\n%q", got, test.want)
			}
		})
	}
}

func TestDiffOfTheSame(t *testing.T) {
	for _, file := range []string{"../testdata/golden/schema.graphql", "../testdata/contract/schema.graphql"} {
		s := mustLoad(t, read(t, file))
		if changes := Diff(s, s); len(changes) > 0 {
			t.Errorf("%s: %v", file, changes)
		}
	}
}

func TestSummary(t *testing.T) {
	former := mustLoad(t, `type Query { a: Int b: Int c: Int d: Int }`)
	next := mustLoad(t, `type Query { a: String e: Int } type T { a: Int }`)
	if got, want := Summary(Diff(former, next), 2), "removed Query.b, Query.c and 1 more; changed Query.a; added Query.e, T"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
