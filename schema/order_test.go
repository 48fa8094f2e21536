package schema

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// ordered prints an answer in the order of a document.
func ordered(t testing.TB, document, operation, answer string) string {
	t.Helper()
	return orderedFor(t, document, operation, "", answer)
}

// orderedFor is ordered for a request with variables.
func orderedFor(t testing.TB, document, operation, variables, answer string) string {
	t.Helper()
	term, err := etf.AppendJSONTerm(nil, []byte(answer))
	if err != nil {
		t.Fatal(err)
	}
	got, err := etf.Term{Bytes: term}.AppendJSONOrdered(t.Context(), nil, parse(document).Operation(operation).Order([]byte(variables)), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestOrder(t *testing.T) {
	for name, test := range map[string]struct{ document, operation, data, want string }{
		"fields":      {`{ c a b }`, "", `{"a":1,"b":2,"c":3}`, `{"c":3,"a":1,"b":2}`},
		"aliases":     {`{ z: a a: z }`, "", `{"a":1,"z":2}`, `{"z":2,"a":1}`},
		"nested":      {`{ b { y x } a }`, "", `{"a":1,"b":{"x":1,"y":2}}`, `{"b":{"y":2,"x":1},"a":1}`},
		"list":        {`{ b { y x } }`, "", `{"b":[{"x":1,"y":2},null,{"x":3,"y":4}]}`, `{"b":[{"y":2,"x":1},null,{"y":4,"x":3}]}`},
		"arguments":   {`query($v: Int = 1) { b(x: $v, a: {y: 1}) { y x } a }`, "", `{"a":1,"b":{"x":1,"y":2}}`, `{"b":{"y":2,"x":1},"a":1}`},
		"merged":      {`{ b { y } a b { x y z } }`, "", `{"a":1,"b":{"x":1,"y":2,"z":3}}`, `{"b":{"y":2,"x":1,"z":3},"a":1}`},
		"merged deep": {`{ a { b { y } } a { c b { x } } }`, "", `{"a":{"b":{"x":1,"y":2},"c":3}}`, `{"a":{"b":{"y":2,"x":1},"c":3}}`},
		"fragment":    {`{ b ...F a } fragment F on Q { d c }`, "", `{"a":1,"b":2,"c":3,"d":4}`, `{"b":2,"d":4,"c":3,"a":1}`},
		"fragment spread twice": {`{ ...F b ...F a } fragment F on Q { c { y ...G } } fragment G on R { x }`, "",
			`{"a":1,"b":2,"c":{"x":1,"y":2}}`, `{"c":{"y":2,"x":1},"b":2,"a":1}`},
		"fragment merged with fields": {`{ ...F c { z } } fragment F on Q { c { y } }`, "", `{"c":{"y":1,"z":2}}`, `{"c":{"y":1,"z":2}}`},
		"fragment below itself":       {`{ a { ...F } } fragment F on Q { y a { ...F } x }`, "", `{"a":{"a":{"a":null,"x":1,"y":2},"x":1,"y":2}}`, `{"a":{"y":2,"a":{"y":2,"a":null,"x":1},"x":1}}`},
		"fragment in itself":          {`{ ...F a } fragment F on Q { b ...F c }`, "", `{"a":1,"b":2,"c":3}`, `{"b":2,"c":3,"a":1}`},
		"no such fragment":            {`{ b ...F a }`, "", `{"a":1,"b":2}`, `{"b":2,"a":1}`},
		"inline fragment":             {`{ d ... on Q { c } ... { b } ... @include(if: true) { a } }`, "", `{"a":1,"b":2,"c":3,"d":4}`, `{"d":4,"c":3,"b":2,"a":1}`},
		"skip and include":            {`query($v: Boolean!) { c @skip(if: $v) b @include(if: $v) a }`, "", `{"a":1,"b":2}`, `{"b":2,"a":1}`},
		"by name":                     {`query A { a b } query B { b a }`, "B", `{"a":1,"b":2}`, `{"b":2,"a":1}`},
		"by another name":             {`query A { a b } query B { b a }`, "A", `{"a":1,"b":2}`, `{"a":1,"b":2}`},
		"mutation":                    {`mutation { b a }`, "", `{"a":1,"b":2}`, `{"b":2,"a":1}`},
		"object of a scalar":          {`{ b a }`, "", `{"a":{"y":1,"x":2},"b":{}}`, `{"b":{},"a":{"y":1,"x":2}}`},
		"introspection": {`{ __schema { types { name kind } queryType { name } } __typename }`, "",
			`{"__schema":{"queryType":{"name":"Q"},"types":[{"kind":"OBJECT","name":"Q"}]},"__typename":"Q"}`,
			`{"__schema":{"types":[{"name":"Q","kind":"OBJECT"}],"queryType":{"name":"Q"}},"__typename":"Q"}`},

		// Types.
		"type that is not selected": {`{ s { ... on A { x y } ... on B { y x } } }`, "", `{"s":[{"x":1,"y":2}]}`, `{"s":[{"x":1,"y":2}]}`},
		"types": {`{ s { __typename ... on A { x y } ... on B { y x } } }`, "",
			`{"s":[{"__typename":"A","x":1,"y":2},{"__typename":"B","x":1,"y":2},{"__typename":"C","x":1}]}`,
			`{"s":[{"__typename":"A","x":1,"y":2},{"__typename":"B","y":2,"x":1},{"__typename":"C","x":1}]}`},
		"types under another name": {`{ s { ... on A { x y } ... on B { y x } kind: __typename } }`, "",
			`{"s":[{"kind":"B","x":1,"y":2}]}`, `{"s":[{"y":2,"x":1,"kind":"B"}]}`},
		"types by fragments": {`{ s { ...A ...B __typename } } fragment A on A { x y } fragment B on B { ...Y ... { x } } fragment Y on B { y }`, "",
			`{"s":[{"__typename":"B","x":1,"y":2}]}`, `{"s":[{"y":2,"x":1,"__typename":"B"}]}`},
		"interface before a type": {`{ s { __typename ... on I { id name } ... on B { y name } } }`, "",
			`{"s":[{"__typename":"B","id":1,"name":2,"y":3}]}`, `{"s":[{"__typename":"B","id":1,"y":3,"name":2}]}`},
		"type in an interface": {`{ s { __typename ... on A { x y } ... on I { id ... on B { y x } } } }`, "",
			`{"s":[{"__typename":"B","id":1,"x":2,"y":3}]}`, `{"s":[{"__typename":"B","id":1,"y":3,"x":2}]}`},
		"selections of types": {`{ s { __typename ... on A { o { p q } } ... on B { o { q p } } } }`, "",
			`{"s":[{"__typename":"A","o":{"p":1,"q":2}},{"__typename":"B","o":{"p":1,"q":2}}]}`,
			`{"s":[{"__typename":"A","o":{"p":1,"q":2}},{"__typename":"B","o":{"q":2,"p":1}}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			want := `{"data":` + test.want + `}`
			if got := ordered(t, test.document, test.operation, `{"data":`+test.data+`}`); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// Errors precede data, and the members of an error are in the order of the specification.
func TestOrderOfErrors(t *testing.T) {
	const (
		answer = `{"data":{"a":1,"b":2},"errors":[{"code":1,"extensions":{"z":1,"a":2},"locations":[{"column":2,"line":1}],"message":"m","path":["b",0]}],"extensions":{}}`
		errors = `{"errors":[{"message":"m","locations":[{"line":1,"column":2}],"path":["b",0],"extensions":{"z":1,"a":2},"code":1}],"data":`
	)
	for document, data := range map[string]string{
		`{ b a }`:            `{"b":2,"a":1}`,
		`{ b a`:              `{"a":1,"b":2}`,
		`{ b a } { a b }`:    `{"a":1,"b":2}`,
		`{ b a } # """" #`:   `{"a":1,"b":2}`,
		explosive(20):        `{"a":1,"b":2}`,
		`mutation M { b a }`: `{"b":2,"a":1}`,
	} {
		if got, want := ordered(t, document, "", answer), errors+data+`,"extensions":{}}`; got != want {
			t.Errorf("%.50s: %s, want %s", document, got, want)
		}
	}
}

// explosive returns a document with exponentially many merged selections: like a
// nondeterministic automaton of n states, each a fragment, made deterministic.
func explosive(n int) string {
	document := `{ b a ...F0 } fragment F0 on Q { l { ...F0 } r { ...F0 ...F1 } }`
	for i := range n {
		document += fmt.Sprintf(` fragment F%d on Q { l { ...F%[2]d } r { ...F%[2]d } }`, i+1, i+2)
	}
	return document
}

func TestOrdersAreBounded(t *testing.T) {
	doubling := `{ ...F0 }`
	for i := range 1000 {
		doubling += fmt.Sprintf(` fragment F%d on Q { ...F%d ...F%d a { ...F%d } b { ...F%d } }`, i, i+1, i+1, i+1, i+1)
	}
	for name, document := range map[string]string{
		"plain":            `{` + strings.Repeat(` a`, MaxTokens-2) + `}`,
		"distinct":         `{` + distinct(MaxTokens-2, "a%d ") + `}`,
		"nested":           strings.Repeat(`{a`, 999) + strings.Repeat(`}`, 999),
		"repeated":         `{` + strings.Repeat(` a{b}`, MaxTokens/4-1) + `}`,
		"long names":       `{` + distinct(1000, strings.Repeat("n", 1000)+"%d ") + `}`,
		"long name":        `{` + distinct(2000, "a%d { ...F } ") + `} fragment F on Q { ` + strings.Repeat("n", 20_000) + ` }`,
		"types":            `{ __typename ` + distinct(2000, "... on T%d { a%[1]d b } ") + `}`,
		"doubling":         doubling + ` fragment F1000 on Q { c }`,
		"subsets":          explosive(400),
		"conditions":       `query` + conditional(6, 400),
		"long variables":   `{ a @skip(if: $` + strings.Repeat("v", 60_000) + `) a }`,
		"spread all over":  `{` + distinct(2000, "a%d { ...F } ") + `} fragment F on Q {` + distinct(2000, "b%d ") + `}`,
		"operations alike": strings.Repeat(`{ ...F }`, maxOperations) + ` fragment F on Q {` + distinct(4000, "b%d ") + `}`,
	} {
		before := heap()
		d := parse(document)
		if grown := heap() - before; grown > d.size+d.size/2+4096 || grown > 8<<20 {
			t.Errorf("%s: %d bytes are kept, said to be %d", name, grown, d.size)
		}
		runtime.KeepAlive(d)
	}
}

func distinct(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// The largest readable document without fragments has its order.
func TestOrderOfTheLargestDocument(t *testing.T) {
	const n = MaxTokens - 2
	got := ordered(t, `{`+distinct(n, "f%d ")+`}`, "", `{"data":{"f1":1,"f0":0}}`)
	if want := `{"data":{"f0":0,"f1":1}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Recorded answers of Absinthe are printed in the order of their documents.
func TestOrderOfGoldenCases(t *testing.T) {
	want := map[string]string{
		"the seed's query":                `{"data":{"session":{"user":{"id":"42","name":"Person 42","email":"p42@example.com"}}}}`,
		"the seed's query without a user": `{"errors":[{"message":"unauthenticated","locations":[{"line":1,"column":13}],"path":["session","user"],"code":"unauthenticated"}],"data":{"session":{"user":null}}}`,
		"aliases and fragments":           `{"data":{"a":{"id":"1","name":"Person 1","admin":true},"b":{"id":"2","name":"Person 2","admin":false,"manager":{"id":"1","name":"Person 1","admin":true}}}}`,
		"typename, interface, union":      `{"data":{"node":{"__typename":"Part","id":"p1","sku":"SKU-1"},"search":[{"__typename":"Person","name":"Person 1"},{"__typename":"Part","sku":"SKU-1"}]}}`,
		"field error beside data":         `{"errors":[{"message":"forbidden","locations":[{"line":1,"column":24}],"path":["person","salary"],"code":"FORBIDDEN","status":403}],"data":{"person":{"id":"2","salary":null}}}`,
		"several errors":                  `{"errors":[{"message":"first","locations":[{"line":1,"column":3}],"path":["manyErrors"]},{"message":"second","locations":[{"line":1,"column":3}],"path":["manyErrors"]}],"data":{"manyErrors":null,"hello":"hello world"}}`,
		"map keys":                        `{"data":{"mapKeys":{"3":"integer","atom":1,"nested":{"a":{"b":{"c":[]}}},"string":2}}}`,
	}
	for _, c := range goldentest.Cases(t) {
		got := ordered(t, c.Query, c.OperationName, c.JSON)
		if w, found := want[c.Name]; found && got != w {
			t.Errorf("%s: %s\nwant %s", c.Name, got, w)
		}
		delete(want, c.Name)
	}
	for name := range want {
		t.Errorf("there is no case %q", name)
	}
}

func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
