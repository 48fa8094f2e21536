package etf_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestAppendJSONTerm(t *testing.T) {
	tests := []struct{ json, want string }{
		{`null`, "nil"}, {`true`, "true"}, {` false `, "false"},
		{`0`, "0"}, {`-0`, "0"}, {`42`, "42"}, {`-1`, "-1"},
		{`999999999999999999`, "999999999999999999"}, {`9223372036854775807`, "9223372036854775807"},
		{`9223372036854775808`, "9223372036854775808"}, {`-9223372036854775808`, "-9223372036854775808"},
		{`-123456789012345678901234567890`, "-123456789012345678901234567890"},
		{`1.5`, "1.5"}, {`-0.0`, "-0.0"}, {`0e0`, "0.0"}, {`1e3`, "1.0e3"}, {`1E-2`, "0.01"}, {`1.25e+2`, "125.0"}, {`1e-400`, "0.0"},
		{`""`, `""`}, {`"a"`, `"a"`}, {`"true"`, `"true"`}, {`"héllo ☃ 😀"`, `"héllo ☃ 😀"`},
		{`"\"\\\/\b\f\n\r\t"`, `"\"\\/\b\f\n\r\t"`}, {`"\u0041\u00e9\u2603\uD83D\uDE00"`, `"Aé☃😀"`}, {`"\u0000"`, "<<0>>"},
		{"\"\x7f\"", "<<127>>"}, {`"` + strings.Repeat("long ", 20) + `\n"`, `"` + strings.Repeat("long ", 20) + `\n"`},
		{`[]`, "[]"}, {`[ ]`, "[]"}, {`[1]`, "[1]"}, {"\t[ 1 ,\n[ ] , {\r} ]", "[1, [], %{}]"},
		{`{}`, "%{}"}, {`{"a":1,"b":{"a":null}}`, `%{"a" => 1, "b" => %{"a" => nil}}`}, {`{"":""}`, `%{"" => ""}`},
		{`{"nil":"nil","__struct__":"Elixir.Date"}`, `%{"nil" => "nil", "__struct__" => "Elixir.Date"}`},
		// The first of duplicate members counts, as with Jason.
		{`{"a":1,"a":2}`, `%{"a" => 1}`}, {`{"b":[1],"a":{"x":1,"x":2},"b":3,"a":4,"c":5}`, `%{"b" => [1], "a" => %{"x" => 1}, "c" => 5}`},
		{`{"a":1,"\u0061":2,"":3,"":4}`, `%{"a" => 1, "" => 3}`},
	}
	for _, tt := range tests {
		got, err := etf.AppendJSONTerm([]byte("> "), []byte(tt.json))
		if err != nil || !bytes.HasPrefix(got, []byte("> ")) {
			t.Errorf("%s: %q, %v", tt.json, got, err)
			continue
		}
		term := etf.Term{Bytes: got[2:]}
		if term.String() != tt.want {
			t.Errorf("%s: %v, want %s", tt.json, term, tt.want)
		}
		whole(t, term)
	}
}

// whole fails unless a term is complete, with nothing after it.
func whole(t *testing.T, term etf.Term) {
	t.Helper()
	d := etf.NewDecoder(term)
	if err := d.Skip(); err != nil || len(d.Rest().Bytes) > 0 {
		t.Errorf("%x: %v, %d bytes left", term.Bytes, err, len(d.Rest().Bytes))
	}
}

func TestAppendJSONTermRefuses(t *testing.T) {
	const deep = 513
	tests := []struct {
		json   string
		offset int
		reason string
	}{
		{``, 0, "end of text where a value was expected"},
		{` `, 1, "end of text where a value was expected"},
		{`nul`, 3, "end of text where null was expected"},
		{`nil`, 1, `'i' where null was expected`},
		{`True`, 0, `'T' where a value was expected`},
		{`trues`, 4, `'s' where the end of the text was expected`},
		{`1 2`, 2, `'2' where the end of the text was expected`},
		{"1\x00", 1, `'\x00' where the end of the text was expected`},
		{"\ufeff1", 0, "byte 0xEF where a value was expected"},
		{`01`, 1, `'1' where the end of the text was expected`},
		{`+1`, 0, `'+' where a value was expected`},
		{`.5`, 0, `'.' where a value was expected`},
		{`-`, 1, "end of text where a digit was expected"},
		{`1.`, 2, "end of text where a digit was expected"},
		{`1.e1`, 2, `'e' where a digit was expected`},
		{`1e+`, 3, "end of text where a digit was expected"},
		{`[1e400]`, 1, "number too large for a float"},
		{`-1e400`, 0, "number too large for a float"},
		{`[` + strings.Repeat("1", 10_001), 1, "integer of 10001 digits, more than 10000"},
		{`NaN`, 0, `'N' where a value was expected`},
		{`'a'`, 0, `'\'' where a value was expected`},
		{`"a`, 2, "end of text in a string"},
		{`"\`, 1, "end of text in an escape sequence"},
		{`"\x41"`, 1, "unknown escape sequence"},
		{`"\u12g4"`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{`"\u12`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{`"\ud83d"`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{`"\ude00\ud83d"`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{`"\ud83d\u0041"`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{`"\ud83dx"`, 1, `\u without four hexadecimal digits, or half of a surrogate pair`},
		{"\"tab\t\"", 4, "control character 0x09 in a string"},
		{"\"\x00\"", 1, "control character 0x00 in a string"},
		{"\"é\xff\"", 3, "invalid UTF-8 in a string"},
		{"\"abcdefgh\xc3\"", 9, "invalid UTF-8 in a string"},
		{"\"\xed\xa0\x80\"", 1, "invalid UTF-8 in a string"},
		{"\"\xff", 1, "invalid UTF-8 in a string"},
		{`[1,]`, 3, `']' where a value was expected`},
		{`[1 2]`, 3, `'2' where a comma or ] was expected`},
		{`[1}`, 2, `'}' where a comma or ] was expected`},
		{`[`, 1, "end of text where a value was expected"},
		{`{`, 1, "end of text where the name of a member was expected"},
		{`{1:2}`, 1, `'1' where the name of a member was expected`},
		{`{"a"}`, 4, `'}' where a colon was expected`},
		{`{"a":}`, 5, `'}' where a value was expected`},
		{`{"a":1,}`, 7, `'}' where the name of a member was expected`},
		{`{"a":1;}`, 6, `';' where a comma or } was expected`},
		{`// comment`, 0, `'/' where a value was expected`},
		{strings.Repeat("[", deep) + strings.Repeat("]", deep), 512, "nesting deeper than 512"},
		{strings.Repeat(`{"":`, deep) + "1" + strings.Repeat("}", deep), 512 * 4, "nesting deeper than 512"},
		{strings.Repeat("[", 1_000_000), 512, "nesting deeper than 512"},
	}
	for _, tt := range tests {
		got, err := etf.AppendJSONTerm([]byte("> "), []byte(tt.json))
		var e *etf.SyntaxError
		if !errors.As(err, &e) || e.Offset != tt.offset || e.Reason != tt.reason {
			t.Errorf("%.40q: %v, want %d: %s", tt.json, err, tt.offset, tt.reason)
		}
		if string(got) != "> " {
			t.Errorf("%.40q: dst is %q", tt.json, got)
		}
	}
}

// Invalid UTF-8 is found at any position in the words of a text.
func TestAppendJSONTermInvalidUTF8(t *testing.T) {
	for length := range 20 {
		for at := range length + 1 {
			for _, after := range []string{`"`, `\n"`, `"              `} {
				text := `"` + strings.Repeat("a", at) + "\xff" + strings.Repeat("z", length-at) + after
				_, err := etf.AppendJSONTerm(nil, []byte(text))
				var e *etf.SyntaxError
				if !errors.As(err, &e) || e.Offset != 1+at || e.Reason != "invalid UTF-8 in a string" {
					t.Fatalf("%q: %v", text, err)
				}
			}
		}
	}
}

func TestAppendJSONTermLimits(t *testing.T) {
	for name, json := range map[string]string{
		"depth of lists": strings.Repeat("[", 512) + strings.Repeat("]", 512),
		"depth of maps":  strings.Repeat(`{"":`, 512) + "1" + strings.Repeat("}", 512),
		"digits":         "-" + strings.Repeat("9", 10_000),
		"long fraction":  "0." + strings.Repeat("3", 100_000),
	} {
		got, err := etf.AppendJSONTerm(nil, []byte(json))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		whole(t, etf.Term{Bytes: got})
	}
}

// Objects of any size may have any duplicates, in little time: pairwise comparison
// would not end here.
func TestAppendJSONTermRepeated(t *testing.T) {
	for _, distinct := range []int{1, 2, 15, 16, 17, 100, 100_000} {
		var text, want strings.Builder
		for round := range 3 {
			for i := range distinct {
				fmt.Fprintf(&text, `,"key %d":[%d,"%s"]`, i, i+round, strings.Repeat("x", i%7))
				if round == 0 {
					fmt.Fprintf(&want, `,"key %d":[%d,"%s"]`, i, i, strings.Repeat("x", i%7))
				}
			}
		}
		term, err := etf.AppendJSONTerm([]byte("> "), []byte("["+`{`+text.String()[1:]+`}`+",1]"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := etf.Term{Bytes: term[2:]}.AppendJSON(nil)
		if err != nil || string(got) != "["+`{`+want.String()[1:]+`}`+",1]" {
			t.Errorf("%d members: %.200s, %v", distinct, got, err)
		}
	}
}

func TestAppendJSONTermAllocs(t *testing.T) {
	text := []byte(`{"id":"1","filter":{"a":1,"b":-2.5,"c":[true,null,"é\n"],"a":9007199254740993},"n":123456789}`)
	dst := make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := etf.AppendJSONTerm(dst, text); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
