package gateway

import (
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

func TestErrorRules(t *testing.T) {
	extend, mask := errorRules{extensions: true}, errorRules{mask: true}
	const masked = `"message":"` + maskedMessage + `"`
	for name, tt := range map[string]struct {
		rules        errorRules
		errors, want string
		hidden       int
	}{
		"nothing to move":          {extend, `[{"message":"m","locations":[],"path":["a"]}]`, `[{"message":"m","locations":[],"path":["a"]}]`, 0},
		"code":                     {extend, `[{"message":"m","path":["a"],"code":"C","status":403}]`, `[{"message":"m","path":["a"],"extensions":{"code":"C","status":403}}]`, 0},
		"into extensions":          {extend, `[{"message":"m","code":"C","x":1,"extensions":{"code":"E"}}]`, `[{"message":"m","extensions":{"code":"E","x":1}}]`, 0},
		"extensions that are none": {extend, `[{"message":"m","extensions":[1],"x":1}]`, `[{"message":"m","extensions":{"extensions":[1],"x":1}}]`, 0},
		"extensions alone":         {extend, `[{"message":"m","extensions":{"code":"E"}}]`, `[{"message":"m","extensions":{"code":"E"}}]`, 0},
		"several":                  {extend, `[{"message":"m","x":1},{"message":"n","y":[{}]}]`, `[{"message":"m","extensions":{"x":1}},{"message":"n","extensions":{"y":[{}]}}]`, 0},
		"none":                     {extend, `[]`, `[]`, 0},
		"no list":                  {extend, `{"message":"m","x":1}`, `{"message":"m","x":1}`, 0},
		"struct":                   {extend, `[{"__struct__":"s","message":"m","x":1}]`, `[{"message":"m","__struct__":"s","x":1}]`, 0},
		"no map":                   {extend, `["m",{"x":1}]`, `["m",{"x":1}]`, 0},

		"masked":                 {mask, `[{"message":"m","locations":[{"line":1,"column":2}],"path":["a"],"detail":1}]`, `[{` + masked + `,"locations":[{"line":1,"column":2}],"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"masked with extensions": {mask, `[{"message":"m","path":["a"],"extensions":{"detail":1}}]`, `[{` + masked + `,"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"null for a code":        {mask, `[{"message":"m","path":["a"],"code":null}]`, `[{` + masked + `,"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"of the document":        {mask, `[{"message":"m","locations":[]}]`, `[{"message":"m","locations":[]}]`, 0},
		"with a code":            {mask, `[{"message":"m","path":["a"],"code":"C"}]`, `[{"message":"m","path":["a"],"code":"C"}]`, 0},
		"with a code further in": {mask, `[{"message":"m","path":["a"],"extensions":{"code":1}}]`, `[{"message":"m","path":["a"],"extensions":{"code":1}}]`, 0},
		"both rules": {errorRules{true, true}, `[{"message":"m","path":["a"],"code":"C"},{"message":"n","path":["b"],"x":1}]`,
			`[{"message":"m","path":["a"],"extensions":{"code":"C"}},{` + masked + `,"path":["b"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"neither rule": {errorRules{}, `[{"message":"m","path":["a"],"x":1}]`, `[{"message":"m","path":["a"],"x":1}]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			term, err := etf.AppendJSONTerm(nil, []byte(`{"data":{"a":null},"errors":`+tt.errors+`,"extensions":{"b":1}}`))
			if err != nil {
				t.Fatal(err)
			}
			hidden := 0
			answer := tt.rules.apply(etf.Term{Bytes: term}, func(etf.Term) { hidden++ })
			got, err := answer.AppendJSONOrdered(t.Context(), nil, new(schema.Operation).Order(nil), 1<<20)
			want := `{"errors":` + tt.want + `,"data":{"a":null},"extensions":{"b":1}}`
			if err != nil || string(got) != want || hidden != tt.hidden {
				t.Errorf("%s, %v, %d hidden, want %s, %d", got, err, hidden, want, tt.hidden)
			}
		})
	}
}

// Keys are atoms, and some of them are in the header of the message.
func TestErrorRulesWithAtoms(t *testing.T) {
	b := etf.AppendMap(nil, 1)
	b = append(b, byte(etf.TagAtomCacheRef), 0)
	b = etf.AppendMap(etf.AppendList(b, 1), 3)
	b = etf.AppendBinary(etf.AppendAtom(b, "message"), "m")
	b = append(append(b, byte(etf.TagAtomCacheRef), 1), byte(etf.TagAtomCacheRef), 2)
	b = etf.AppendMap(append(b, byte(etf.TagAtomCacheRef), 3), 1)
	b = etf.AppendInt(etf.AppendBinary(b, "code"), 1)
	answer := errorRules{extensions: true}.apply(etf.Term{Bytes: etf.AppendNil(b), Atoms: []string{"errors", "code", "forbidden", "extensions"}}, nil)
	got, err := answer.AppendJSON(nil)
	if want := `{"errors":[{"message":"m","extensions":{"code":1}}]}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// What is malformed comes out as it went in.
func FuzzErrorRules(f *testing.F) {
	for _, text := range []string{`{"errors":[{"message":"m","path":["a"],"x":{"y":1}}]}`, `{"data":1,"errors":[]}`, `{"errors":[{"message":1,"extensions":{"code":1},"z":[]}]}`} {
		b, _ := etf.AppendJSONTerm(nil, []byte(text))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		term := etf.Term{Bytes: b, Atoms: []string{"errors", "message", "path", "code", "extensions"}}
		_, before := term.AppendJSON(nil)
		_, after := errorRules{extensions: true}.apply(term, nil).AppendJSON(nil)
		if before == nil && after != nil {
			t.Fatalf("%v, and %v without the rules", after, before)
		}
	})
}
