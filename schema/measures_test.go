package schema

import (
	"fmt"
	"strings"
	"testing"
)

func TestMeasures(t *testing.T) {
	for name, test := range map[string]struct {
		document, operation string
		want                Measures
	}{
		"field":                {`{ a }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1}},
		"fields":               {`{ a { b } c { d { e } } f }`, "", Measures{Fields: 6, Depth: 3, RootFields: 3}},
		"aliases":              {`{ x: a { y: b z: b c: c } }`, "", Measures{Fields: 4, Depth: 2, RootFields: 1, Aliases: 3}},
		"directives":           {`query($v: Int @a) @b @c { d @e ... @f { g @h } ...F @i } fragment F on Q @j { k @l }`, "", Measures{Fields: 3, Depth: 1, RootFields: 3, Directives: 9}},
		"fragments":            {`{ ...F ... on Q { ...F a } } fragment F on Q { x: b { ...G } } fragment G on R { y: c { d } }`, "", Measures{Fields: 7, Depth: 3, RootFields: 3, Aliases: 4}},
		"fragment not spread":  {`{ a } fragment F on Q { x: b { c } }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1}},
		"fragment in itself":   {`{ ...F } fragment F on Q { x: a { ...F } }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1, Aliases: 1}},
		"no such fragment":     {`{ a ...F }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1}},
		"schema":               {`{ x: __schema { types { name } } }`, "", Measures{Fields: 3, Depth: 3, RootFields: 1, Aliases: 1, Introspection: true}},
		"type":                 {`{ ...F } fragment F on Q { ... { __type(name: "A") { name } } }`, "", Measures{Fields: 2, Depth: 2, RootFields: 1, Introspection: true}},
		"typename":             {`{ __typename }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1}},
		"schema as an alias":   {`{ __schema: a }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1, Aliases: 1}},
		"one of several":       {`query A { a { b } } query B { c d }`, "B", Measures{Fields: 2, Depth: 1, RootFields: 2}},
		"several":              {`query A { a { b } } query B { x: c d @e __schema { f } }`, "", Measures{Fields: 4, Depth: 2, RootFields: 3, Aliases: 1, Directives: 1, Introspection: true}},
		"none of that name":    {`query A { a { b } } query B { c d }`, "C", Measures{Fields: 2, Depth: 2, RootFields: 2}},
		"arguments and values": {`query($v: [Int!] = [1, 2]) { a(b: {c: [{d: {}}]}) }`, "", Measures{Fields: 1, Depth: 1, RootFields: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(test.document).Operation(test.operation).Measures; got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// Each fragment is measured once, and numbers are capped.
func TestMeasuresDoNotOverflow(t *testing.T) {
	document := `{ ...F0 }`
	for i := range 500 {
		document += fmt.Sprintf(` fragment F%d on Q { ...F%d @x ...F%[2]d a { ...F%[2]d } }`, i, i+1)
	}
	document += ` fragment F500 on Q { x: b @y }`
	got := parse(document).Operation("").Measures
	if want := (Measures{Fields: maxMeasure, Depth: 501, Aliases: maxMeasure, RootFields: maxMeasure, Directives: maxMeasure}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTokens(t *testing.T) {
	for document, want := range map[string]int{
		``:                       0,
		`{ a }`:                  3,
		`query A($v: Int) {a}`:   11,
		"{ a # b c\n,,, }":       3,
		`{ a(b: "c d", e: 1.5)}`: 11,
		`{ a ` + "\x00":          2,
		`{` + strings.Repeat(` a`, MaxTokens-2) + `}`: MaxTokens,
		`{` + strings.Repeat(` a`, MaxTokens) + `}`:   MaxTokens + 1,
		strings.Repeat(`{`, 100_000):                  MaxTokens + 1,
	} {
		if got := parse(document).Tokens; got != want {
			t.Errorf("%.20q has %d, want %d", document, got, want)
		}
	}
}

func TestProblem(t *testing.T) {
	for document, want := range map[string]string{
		`{ a }`:                              "",
		`{ a`:                                "Expected Name, found <EOF> at line 1, column 4",
		`{ a(b: """"c""")}`:                  "four quotation marks",
		strings.Repeat(`{a}`, 33):            "more than 32 operations",
		`{` + strings.Repeat(` a`, 1<<15):    "token limit",
		`{` + strings.Repeat("é", 10_000):    "Expected Name, found <Invalid> at line 1, column 2",
		`query & M { a }`:                    "Expected {, found & at line 1, column 7",
		strings.Repeat(`{a`, 1001):           "nesting depth",
		`query ` + strings.Repeat("a", 2000): "Expected {",
	} {
		d := parse(document)
		if d.Problem != "" != (want != "") || !strings.Contains(d.Problem, want) || len(d.Problem) > maxProblem+40 {
			t.Errorf("%.20q: %q, want %q", document, d.Problem, want)
		}
	}
}
