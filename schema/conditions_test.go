package schema

import (
	"fmt"
	"strings"
	"testing"
)

// conditional returns a selection set of fields whose places depend on variables.
func conditional(variables, fields int) string {
	var b strings.Builder
	for v := range variables {
		fmt.Fprintf(&b, "... @skip(if: $v%d) {", v)
		for i := range fields {
			fmt.Fprintf(&b, " f%d", (i+v)%fields)
		}
		b.WriteString(" }")
	}
	return "{" + b.String() + " " + distinct(fields, "f%d ") + "}"
}

func TestOrderByVariables(t *testing.T) {
	const (
		ab    = `{"a":1,"b":2}`
		ba    = `{"b":2,"a":1}`
		skip  = `query($s: Boolean!) { a @skip(if: $s) b a }`
		parts = `query($s: Boolean!) { p { a b } p @include(if: $s) { b a } }`
		both  = `query($s: Boolean!, $t: Boolean!) { ...F @skip(if: $s) ...F @include(if: $t) b a } fragment F on Q { a }`
		two   = `query A($s: Boolean = true) { ...F } query B($s: Boolean = false) { ...F } fragment F on Q { p { a @skip(if: $s) b a } }`
	)
	for name, test := range map[string]struct{ document, operation, variables, data, want string }{
		"skipped":                  {skip, "", `{"s":true}`, ab, ba},
		"not skipped":              {skip, "", `{"s":false}`, ab, ab},
		"with spaces":              {skip, "", `{ "x" : {"s": false}, "s" : true }`, ab, ba},
		"not given":                {skip, "", ``, ab, ab},
		"twice, the first counts":  {skip, "", `{"s":true,"s":false}`, ab, ba},
		"twice, not skipped":       {skip, "", `{"s":false,"\u0073":true}`, ab, ab},
		"no boolean":               {skip, "", `{"s":"true"}`, ab, ab},
		"included":                 {`query($s: Boolean!) { a @include(if: $s) b a }`, "", `{"s":true}`, ab, ab},
		"not included":             {`query($s: Boolean!) { a @include(if: $s) b a }`, "", `{"s":false}`, ab, ba},
		"both directives, one is":  {`query($s: Boolean!, $t: Boolean!) { a @skip(if: $s) @include(if: $t) b a }`, "", `{"s":false,"t":false}`, ab, ba},
		"both directives, none is": {`query($s: Boolean!, $t: Boolean!) { a @skip(if: $s) @include(if: $t) b a }`, "", `{"s":false,"t":true}`, ab, ab},
		"always skipped":           {`{ a @skip(if: true) b a }`, "", ``, ab, ba},
		"never skipped":            {`{ a @skip(if: false) b a }`, "", ``, ab, ab},
		"never included":           {`{ ... @include(if: false) { a } b a }`, "", ``, ab, ba},
		"always skipped, nested":   {`{ p @skip(if: true) { a b } p { b a } }`, "", ``, `{"p":` + ab + `}`, `{"p":` + ba + `}`},
		"later":                    {`query($s: Boolean!) { a b a @skip(if: $s) }`, "", `{"s":true}`, ab, ab},
		"default":                  {`query($s: Boolean = true) { a @skip(if: $s) b a }`, "", `{"t":false}`, ab, ba},
		"not the default":          {`query($s: Boolean = true) { a @skip(if: $s) b a }`, "", `{"s":false}`, ab, ab},
		"default of one operation": {two, "A", ``, `{"p":` + ab + `}`, `{"p":` + ba + `}`},
		"of another":               {two, "B", ``, `{"p":` + ab + `}`, `{"p":` + ab + `}`},
		"fragment around it":       {`query($s: Boolean!) { ... @skip(if: $s) { ... { a } } b a }`, "", `{"s":true}`, ab, ba},
		"spread":                   {`query($s: Boolean!) { ...F @skip(if: $s) b a } fragment F on Q { a }`, "", `{"s":true}`, ab, ba},
		"spread twice":             {`query($s: Boolean!) { ...F @skip(if: $s) b ...F } fragment F on Q { a }`, "", `{"s":true}`, ab, ba},
		"spread twice, the first":  {`query($s: Boolean!) { ...F @skip(if: $s) b ...F } fragment F on Q { a }`, "", `{"s":false}`, ab, ab},
		"second of spreads":        {both, "", `{"s":true,"t":true}`, ab, ab},
		"none of spreads":          {both, "", `{"s":true,"t":false}`, ab, ba},
		"merged part":              {`query($s: Boolean!) { p @skip(if: $s) { a b } p { b a } }`, "", `{"s":true}`, `{"p":` + ab + `}`, `{"p":` + ba + `}`},
		"merged part, last":        {parts, "", `{"s":true}`, `{"p":` + ab + `}`, `{"p":` + ab + `}`},
		"merged part of three": {`query($s: Boolean!) { p { c } p @skip(if: $s) { a b } p { b a } }`, "", `{"s":true}`,
			`{"p":{"a":1,"b":2,"c":3}}`, `{"p":{"c":3,"b":2,"a":1}}`},
		"typename": {`query($s: Boolean!) { p { k: __typename @skip(if: $s) l: __typename ... on A { a b } ... on B { b a } } }`, "", `{"s":true}`,
			`{"p":{"l":"B","a":1,"b":2}}`, `{"p":{"l":"B","b":2,"a":1}}`},
		"nothing left":      {`query($s: Boolean!) { a @skip(if: $s) a @skip(if: $s) }`, "", `{"s":true}`, `{}`, `{}`},
		"all that may":      {`query` + conditional(maxDeciding, 2), "", `{"v0":true,"v1":false}`, `{"f0":0,"f1":1}`, `{"f1":1,"f0":0}`},
		"more than may":     {`query` + conditional(maxDeciding+1, 2), "", `{"v0":true,"v1":false}`, `{"f0":0,"f1":1}`, `{"f0":0,"f1":1}`},
		"far more than may": {`query` + conditional(70, 2), "", `{"v0":true,"v1":false}`, `{"f0":0,"f1":1}`, `{"f0":0,"f1":1}`},
		"too many steps":    {`query` + conditional(maxDeciding, 400), "", `{"v0":true}`, `{"f0":0,"f1":1}`, `{"f0":0,"f1":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			want := `{"data":` + test.want + `}`
			if got := orderedFor(t, test.document, test.operation, test.variables, `{"data":`+test.data+`}`); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// Variables are not read if directives change no order.
func TestOrderThatDoesNotDependOnVariables(t *testing.T) {
	for _, document := range []string{
		benchmarked,
		`query($s: Boolean!) { a @skip(if: $s) b @include(if: $s) ... @skip(if: $s) { c } }`,
		`query($s: Boolean!) { a b a @skip(if: $s) ...F ...F @skip(if: $s) } fragment F on Q { c }`,
		`query($s: Boolean!) { __typename a ...F @skip(if: $s) ...F2 } fragment F on Q { __typename a } fragment F2 on Q { b __typename a }`,
		`{ a @skip(if: true) b a }`,
	} {
		o, variables := parse(document).Operation(""), []byte(`{"s":true}`)
		if len(o.deciding) > 0 {
			t.Errorf("%s depends on %s", document, o.deciding)
		}
		if n := testing.AllocsPerRun(100, func() { o.Order(variables) }); n != 0 {
			t.Errorf("%s: %v allocations", document, n)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	variables := []byte(`{"first":10,"s":true}`)
	for name, document := range map[string]string{
		"plain":     benchmarked,
		"variables": `query($s: Boolean!) { a @skip(if: $s) b a }`,
	} {
		b.Run(name, func(b *testing.B) {
			o := parse(document).Operation("")
			b.ReportAllocs()
			for b.Loop() {
				o.Order(variables)
			}
		})
	}
}
