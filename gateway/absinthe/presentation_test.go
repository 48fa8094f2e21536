package absinthe

import (
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

func TestPresentErrors(t *testing.T) {
	extend, mask := engine.ErrorRules{Extensions: true}, engine.ErrorRules{Mask: true}
	const masked = `"message":"` + maskedMessage + `"`
	for name, test := range map[string]struct {
		rules        engine.ErrorRules
		errors, want string
		masked       int
	}{
		"nothing to move":           {extend, `[{"message":"m","locations":[],"path":["a"]}]`, `[{"message":"m","locations":[],"path":["a"]}]`, 0},
		"code":                      {extend, `[{"message":"m","path":["a"],"code":"C","status":403}]`, `[{"message":"m","path":["a"],"extensions":{"code":"C","status":403}}]`, 0},
		"into extensions":           {extend, `[{"message":"m","code":"C","x":1,"extensions":{"code":"E"}}]`, `[{"message":"m","extensions":{"code":"E","x":1}}]`, 0},
		"extensions are no map":     {extend, `[{"message":"m","extensions":[1],"x":1}]`, `[{"message":"m","extensions":{"extensions":[1],"x":1}}]`, 0},
		"extensions alone":          {extend, `[{"message":"m","extensions":{"code":"E"}}]`, `[{"message":"m","extensions":{"code":"E"}}]`, 0},
		"two errors":                {extend, `[{"message":"m","x":1},{"message":"n","y":[{}]}]`, `[{"message":"m","extensions":{"x":1}},{"message":"n","extensions":{"y":[{}]}}]`, 0},
		"no errors":                 {extend, `[]`, `[]`, 0},
		"errors are no list":        {extend, `{"message":"m","x":1}`, `{"message":"m","x":1}`, 0},
		"an error is a struct":      {extend, `[{"__struct__":"s","message":"m","x":1}]`, `[{"message":"m","__struct__":"s","x":1}]`, 0},
		"an error is no map":        {extend, `["m",{"x":1}]`, `["m",{"x":1}]`, 0},
		"masked":                    {mask, `[{"message":"m","locations":[{"line":1,"column":2}],"path":["a"],"detail":1}]`, `[{` + masked + `,"locations":[{"line":1,"column":2}],"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"masked with extensions":    {mask, `[{"message":"m","path":["a"],"extensions":{"detail":1}}]`, `[{` + masked + `,"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"masked with a null code":   {mask, `[{"message":"m","path":["a"],"code":null}]`, `[{` + masked + `,"path":["a"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"without a path":            {mask, `[{"message":"m","locations":[]}]`, `[{"message":"m","locations":[]}]`, 0},
		"with a code":               {mask, `[{"message":"m","path":["a"],"code":"C"}]`, `[{"message":"m","path":["a"],"code":"C"}]`, 0},
		"with a code in extensions": {mask, `[{"message":"m","path":["a"],"extensions":{"code":1}}]`, `[{"message":"m","path":["a"],"extensions":{"code":1}}]`, 0},
		"both rules": {engine.ErrorRules{Extensions: true, Mask: true}, `[{"message":"m","path":["a"],"code":"C"},{"message":"n","path":["b"],"x":1}]`,
			`[{"message":"m","path":["a"],"extensions":{"code":"C"}},{` + masked + `,"path":["b"],"extensions":{"code":"INTERNAL"}}]`, 1},
		"neither rule": {engine.ErrorRules{}, `[{"message":"m","path":["a"],"x":1}]`, `[{"message":"m","path":["a"],"x":1}]`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			term, err := etf.AppendJSONTerm(nil, []byte(`{"data":{"a":null},"errors":`+test.errors+`,"extensions":{"b":1}}`))
			if err != nil {
				t.Fatal(err)
			}
			masked := 0
			result := presentErrors(etf.Term{Bytes: term}, test.rules, func(string) { masked++ })
			got, err := result.AppendJSONOrdered(t.Context(), nil, new(schema.Operation).Order(nil), 1<<20)
			want := `{"errors":` + test.want + `,"data":{"a":null},"extensions":{"b":1}}`
			if err != nil || string(got) != want || masked != test.masked {
				t.Errorf("%s, %v, %d masked, want %s, %d", got, err, masked, want, test.masked)
			}
		})
	}
}

// The callback for the log gets the whole error that the client does not see.
func TestMaskedText(t *testing.T) {
	term, err := etf.AppendJSONTerm(nil, []byte(`{"errors":[{"message":"m","path":["a"],"detail":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var text string
	presentErrors(etf.Term{Bytes: term}, engine.ErrorRules{Mask: true}, func(masked string) { text = masked })
	for _, member := range []string{`"message":"m"`, `"path":["a"]`, `"detail":1`} {
		if !strings.Contains(text, member) {
			t.Errorf("%s lacks %s", text, member)
		}
	}
}

// Keys are atoms, and some of them are references to the atoms of the message's header.
func TestPresentErrorsWithAtomReferences(t *testing.T) {
	b := etf.AppendMap(nil, 1)
	b = append(b, byte(etf.TagAtomCacheRef), 0)
	b = etf.AppendMap(etf.AppendList(b, 1), 3)
	b = etf.AppendBinary(etf.AppendAtom(b, "message"), "m")
	b = append(append(b, byte(etf.TagAtomCacheRef), 1), byte(etf.TagAtomCacheRef), 2)
	b = etf.AppendMap(append(b, byte(etf.TagAtomCacheRef), 3), 1)
	b = etf.AppendInt(etf.AppendBinary(b, "code"), 1)
	term := etf.Term{Bytes: etf.AppendNil(b), Atoms: []string{"errors", "code", "forbidden", "extensions"}}
	got, err := presentErrors(term, engine.ErrorRules{Extensions: true}, nil).AppendJSON(nil)
	if want := `{"errors":[{"message":"m","extensions":{"code":1}}]}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// A term that has a JSON form still has one with its errors changed.
func FuzzPresentErrors(f *testing.F) {
	for _, text := range []string{`{"errors":[{"message":"m","path":["a"],"x":{"y":1}}]}`, `{"data":1,"errors":[]}`, `{"errors":[{"message":1,"extensions":{"code":1},"z":[]}]}`} {
		b, _ := etf.AppendJSONTerm(nil, []byte(text))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		term := etf.Term{Bytes: b, Atoms: []string{"errors", "message", "path", "code", "extensions"}}
		_, before := term.AppendJSON(nil)
		_, after := presentErrors(term, engine.ErrorRules{Extensions: true}, nil).AppendJSON(nil)
		if before == nil && after != nil {
			t.Fatalf("%v, and no error without the rules", after)
		}
	})
}
