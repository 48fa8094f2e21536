package schema

import "testing"

// lexical lists documents whose kind depends on where a token ends. absinthe is the kind
// of the operation M that Absinthe 1.11.0 runs on OTP 27 and 29 (its phases Parse,
// Blueprint and CurrentOperation, without validation); Unknown: Absinthe refuses the
// document.
//
// 600,000 random documents of this sort, with four names each, were compared with Absinthe
// on OTP 27. No query was of another kind for Absinthe. With four quotation marks in a row
// allowed, 147 were.
var lexical = map[string]struct {
	document       string
	want, absinthe Kind
}{
	// Both ignore these.
	"byte order mark first":       {"\ufeffmutation M { m }", Mutation, Mutation},
	"byte order mark in between":  {"query A { a }\ufeffmutation\ufeffM { m }", Mutation, Mutation},
	"commas":                      {",,mutation,M,{,m,},", Mutation, Mutation},
	"tabs, CR, LF and CRLF":       {"\tmutation\rM\n{\r\nm}", Mutation, Mutation},
	"directive of a preprocessor": {"#import \"mutation.graphql\"\nquery M { a }", Query, Query},
	"comment without an end":      {"query M { a } # mutation M { m }", Query, Query},
	"quotes in a comment":         {"# \"\"\"\nquery M { a }\n# \"\"\"", Query, Query},
	"number next to a name":       {"query M { a(b: [1a 0b 1.5c 1e5d]) }", Query, Query},
	"name next to three dots":     {"query M { a...B...on C{d} } fragment B on C { e }", Query, Query},

	// Comments and strings end at the same characters.
	"comment ends at LF":             {"# query M { a }\nmutation M { m }", Mutation, Mutation},
	"comment ends at CR":             {"# query M { a }\rmutation M { m }", Mutation, Mutation},
	"comment goes on at U+2028":      {"# \u2028mutation M { m }\nquery M { a }", Query, Query},
	"comment goes on at U+2029":      {"# \u2029mutation M { m }\nquery M { a }", Query, Query},
	"comment goes on at U+0085":      {"# \u0085mutation M { m }\nquery M { a }", Query, Query},
	"string goes on at U+2028":       {"query M { a(b: \"\u2028) } mutation M { m(b: \") }", Query, Query},
	"braces in a string":             {`query M { a(b: "}) mutation M { m }") }`, Query, Query},
	"hash in a string":               {`query M { a(b: "#") } # ") } mutation M { m }`, Query, Query},
	"escaped quote":                  {`query M { a(b: "\") } mutation M { m(b: \"") }`, Query, Query},
	"escaped backslash":              {`query M { a(b: "\\") c(b: "\\") }`, Query, Query},
	"quote as unicode escape":        {`query M { a(b: "\u0022) } mutation M { m(b: \u0022") }`, Query, Query},
	"quote as braced unicode escape": {`query M { a(b: "\u{22}) } mutation M { m(b: \u{22}") }`, Query, Query},
	"empty strings side by side":     {`query M { a(b: ["" ""]) }`, Query, Query},
	"string next to an empty one":    {`query M { a(b: ["x"""]) }`, Query, Query},
	"block string":                   {"query M { a(b: \"\"\"\n\" \"\" } mutation M { m }\n\"\"\") }", Query, Query},
	"block string with its end":      {`query M { a(b: """\""") } mutation M { m(b: \"""x""") }`, Query, Query},
	"block string after a backslash": {`query M { a(b: """\\""") } mutation M { m(b: \"""x""") }`, Query, Query},
	"block string with CR":           {"query M { a(b: \"\"\"\r\"\"\") }", Query, Query},

	// Both refuse these.
	"form feed":                {"query M\f{ a }", Unknown, Unknown},
	"no-break space":           {"query M\u00a0{ a }", Unknown, Unknown},
	"U+2028 between tokens":    {"query M\u2028{ a }", Unknown, Unknown},
	"string over LF":           {"query M { a(b: \"\n\") }", Unknown, Unknown},
	"string over CR":           {"query M { a(b: \"\r\") }", Unknown, Unknown},
	"not UTF-8 between tokens": {"query M { a } \xff", Unknown, Unknown},

	// Absinthe alone refuses these.
	"not UTF-8 in a comment": {"# \xff\nquery M { a }", Query, Unknown},
	"variable of a fragment": {"query M { a } fragment F($a: Int) on T { b }", Query, Unknown},

	// Absinthe alone accepts these.
	"ampersand":                      {"query & M { a }", Unknown, Query},
	"NUL in a comment":               {"# \x00\nquery M { a }", Unknown, Query},
	"form feed in a comment":         {"# \f\nquery M { a }", Unknown, Query},
	"comment goes on at form feed":   {"# \fquery M { a }\nmutation M { m }", Unknown, Mutation},
	"NUL in a string":                {"query M { a(b: \"\x00\") }", Unknown, Query},
	"escape that is none":            {`query M { a(b: "\q") }`, Unknown, Query},
	"number with leading zeros":      {`query M { a(b: [00]) }`, Unknown, Query},
	"described shorthand":            {`"x" { a } query M { a }`, Unknown, Query},
	"schema beside it":               {`type T { a: Int } query M { a }`, Unknown, Query},
	"block string that does not end": {`query M { a(b: [""" "]) }`, Unknown, Query},

	// These block strings end at the last of four or more quotes for the parser, and at
	// the third for Absinthe, which reads a string up to the next quote.
	"four quotes hide a mutation": {`query A { a(b: ["""x"""" ]) } query M { a(b: [" ]) } mutation M { m(b: [" ]) } query B { a(b: [" ]) } # " ]) }`, Unknown, Mutation},
	"five quotes":                 {`query M { a(b: ["""x"""""]) }`, Unknown, Query},
	"six quotes":                  {`query M { a(b: """""") }`, Unknown, Query},
	"seven quotes":                {`query M { a(b: [""""""" ]) } # "]) }`, Unknown, Query},
}

func TestKindNeverDiffersFromAbsinthe(t *testing.T) {
	for name, test := range lexical {
		t.Run(name, func(t *testing.T) {
			got := parse(test.document).Operation("M").Kind
			if got != test.want {
				t.Errorf("%q is %s, want %s", test.document, got, test.want)
			}
			if got != Unknown && test.absinthe != Unknown && got != test.absinthe {
				t.Errorf("%q is %s, but Absinthe runs a %s", test.document, got, test.absinthe)
			}
		})
	}
}
