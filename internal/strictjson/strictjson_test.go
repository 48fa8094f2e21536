package strictjson_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/louche-graphql/louche/internal/strictjson"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":[1,null,"b"]}`:             "",
		` "\ud83d\ude00" `:               "",
		`"\\ud800"`:                      "",
		`"\"\\\/\b\u0000\uFFFF"`:         "",
		``:                               "unexpected end",
		`{"a":1} x`:                      "invalid character 'x'",
		`{"a":01}`:                       "at byte 7",
		"\"\xff\"":                       "not UTF-8",
		"\"\xed\xa0\x80\"":               "not UTF-8", // a surrogate, encoded
		`"\ud800"`:                       "half of a surrogate pair at byte 1",
		`"\udc00"`:                       "half of a surrogate pair at byte 1",
		`"a\uDBFF"`:                      "half of a surrogate pair at byte 2",
		`"\ud800\n"`:                     "half of a surrogate pair",
		`"\ud800\ud800\udc00"`:           "half of a surrogate pair",
		`"\ud83d\ude00\ude00"`:           "half of a surrogate pair at byte 13",
		`"\udc00\ud800"`:                 "half of a surrogate pair",
		`"\\\ud800"`:                     "half of a surrogate pair",
		`{"\ud800":1}`:                   "half of a surrogate pair",
		`{"a":{"b":["\ud83dude00"]}}`:    "half of a surrogate pair",
		strings.Repeat(`[`, 20_000):      "depth",
		`{"a":"` + "\u2028\ufffd" + `"}`: "",
	} {
		err := strictjson.Check([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	for text, want := range map[string]map[string]string{
		`{}`:       {},
		" { }\r\n": {},
		`{"a":1,"b":"}","c":[{"d":"]"}],"e":{"f":{}}}`: {"a": "1", "b": `"}"`, "c": `[{"d":"]"}]`, "e": `{"f":{}}`},
		"{ \"a\" :\t-1.5e3 , \"\" : null\n}":           {"a": "-1.5e3", "": "null"},
		`{"a":1,"a":2,"\u0061":3,"A":4}`:               {"a": "1", "A": "4"},
		`{"a\"b":"\\\"","\ud83d\ude00":true}`:          {`a"b`: `"\\\""`, "😀": "true"},
		`[1]`:                                          nil, `"{"`: nil, `1`: nil, `null`: nil,
	} {
		if err := strictjson.Check([]byte(text)); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		members := strictjson.Object([]byte(text))
		got := make(map[string]string)
		for name, value := range members {
			got[name] = string(value)
		}
		if (members == nil) != (want == nil) || !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// The package accepts and reads the same JSON as encoding/json and etf.AppendJSONTerm.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\ud83d\ude00"],"a":{"b":null}}`, `["\ud800",{"a":1}]`, ` [ 1 , "]" ] `, `{"\u0061" : "\\" }`, "\xff", `{"a":{"a":{}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := strictjson.Check(text)
		if err != nil {
			if _, other := etf.AppendJSONTerm(nil, text); other == nil {
				t.Fatalf("%q is refused by Check alone: %v", text, err)
			}
			return
		}
		var decoded any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&decoded); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if again, _ := json.Marshal(decoded); strings.Count(string(again), "\ufffd") > strings.Count(string(text), "\ufffd")+strings.Count(strings.ToLower(string(text)), `\ufffd`) || !utf8.Valid(again) {
			t.Errorf("%q: something was replaced: %q", text, again)
		}
		switch strictjson.First(text) {
		case '[':
			var want, got []json.RawMessage
			_ = json.Unmarshal(text, &want)
			got = slices.Collect(strictjson.Elements(text))
			if !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		case '{':
			var want map[string]json.RawMessage
			_ = json.Unmarshal(text, &want)
			got := make(map[string]json.RawMessage) // with the last one of each name
			for name, value := range strictjson.Members(text) {
				got[name] = value
			}
			if !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
				t.Errorf("%q: %q, want %q", text, got, want)
			}
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	text := []byte(`{"query":"query Posts($first: Int!) { posts(first: $first) { id title author { name } } }","variables":{"first":10,"filter":{"tags":["a","b"]}},"operationName":"Posts"}`)
	b.ReportAllocs()
	for b.Loop() {
		if strictjson.Check(text) != nil || len(strictjson.Object(text)) != 3 {
			b.Fatal("refused")
		}
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	text := []byte(`{"query":"query Posts($first: Int!) { posts(first: $first) { id title author { name } } }","variables":{"first":10,"filter":{"tags":["a","b"]}},"operationName":"Posts"}`)
	b.ReportAllocs()
	for b.Loop() {
		var members map[string]json.RawMessage
		if !utf8.Valid(text) || json.Unmarshal(text, &members) != nil {
			b.Fatal("refused")
		}
	}
}

func TestFind(t *testing.T) {
	const text = ` { "a" : [ null , { "b c" : 1 } , [ ] ] , "\u0064" : "}" , "a" : 2, "n": null } `
	for path, want := range map[string]string{
		"":        strings.TrimSpace(text),
		"a":       `[ null , { "b c" : 1 } , [ ] ]`,
		"a/0":     "null",
		"a/1":     `{ "b c" : 1 }`,
		"a/1/b c": "1",
		"a/2":     "[ ]",
		"a/2/0":   "none",
		"a/3":     "none",
		"a/-1":    "none",
		"a/x":     "none",
		"a/0/0":   "none",
		"d":       `"}"`,
		"d/0":     "none",
		"n":       "null",
		"b":       "none",
	} {
		var steps []string
		if path != "" {
			steps = strings.Split(path, "/")
		}
		got := "none"
		if start, end, found := strictjson.Find([]byte(text), steps); found {
			got = text[start:end]
		}
		if got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
	if _, _, found := strictjson.Find(nil, []string{"a"}); found {
		t.Error("found in nothing")
	}
}
