package etf_test

import (
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestString(t *testing.T) {
	for _, tt := range terms {
		if got := unhex(t, tt.hex).String(); got != tt.str {
			t.Errorf("%s, want %s", got, tt.str)
		}
	}
	// The notation of Elixir itself, for terms of OTP 25 and 27.
	want := map[string]bool{}
	for _, s := range []string{
		"nil", "true", ":ok", `:"with space"`, `:"quote\""`, ":ünïcode", `:""`, "Foo.Bar", `"plain"`, `"quote \" back \\ slash /"`,
		"<<255>>", "<<1::size(3)>>", "-123456789012345678901234567890", "1.0e-5", "[]", "[[], [[]]]", `["a", nil, 1.5]`, "[1 | 2]",
		`["a" | :b]`, "%{}", `%{"a" => 1}`, "%{a: 1}", `%{3 => "integer"}`, "%{{1} => 2}", `%Unknown{name: "x"}`,
		`%{"a" => [%{b: %Unknown{name: nil}}]}`, "{}", "{:ok, 1}", `%{__struct__: "no atom", a: 1}`,
	} {
		want[s] = false
	}
	for _, c := range jasonCases(t) {
		if _, ok := want[c.Term]; !ok {
			continue
		}
		got := etf.Term{Bytes: c.ETF[1:]}.String()
		if c.OTP == "27" && strings.HasPrefix(c.Term, "%{__struct__") {
			continue // in another order there
		}
		want[c.Term] = true
		if got != c.Term {
			t.Errorf("%s, want %s", got, c.Term)
		}
	}
	for s, seen := range want {
		if !seen {
			t.Errorf("%s was not compared", s)
		}
	}
}

func TestStringException(t *testing.T) {
	b := etf.AppendAtom(etf.AppendTuple(nil, 2), "error")
	b = etf.AppendMap(b, 3)
	b = etf.AppendBinary(etf.AppendAtom(b, "message"), "boom")
	b = etf.AppendAtom(etf.AppendAtom(b, "__struct__"), "Elixir.RuntimeError")
	b = etf.AppendBool(etf.AppendAtom(b, "__exception__"), true)
	equal(t, "String", etf.Term{Bytes: b}.String(), `{:error, %RuntimeError{message: "boom"}}`)
}

// The text is bounded for any term, and shows the cut.
func TestStringBounded(t *testing.T) {
	const most = 4 << 10
	long := etf.AppendTuple(nil, 1)
	long = etf.AppendBinary(long, strings.Repeat("ä", 1<<20))
	deep := []byte{}
	for range 1 << 20 {
		deep = etf.AppendTuple(deep, 1)
	}
	deep = etf.AppendNil(deep)
	names := etf.AppendMap(nil, 1<<18)
	for range 1 << 18 {
		names = etf.AppendAtom(etf.AppendAtom(names, "__struct__"), "Elixir.Foo")
	}
	wide := etf.AppendList(nil, 1<<20)
	for range 1 << 20 {
		wide = etf.AppendAtom(wide, "nil")
	}
	numbers := etf.AppendBinary(nil, strings.Repeat("\xff", 1<<20))
	for name, b := range map[string][]byte{"long": long, "deep": deep, "names": names, "wide": etf.AppendNil(wide), "numbers": numbers} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s := etf.Term{Bytes: b}.String()
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
		if len(s) > most || !strings.Contains(s, "...") || !utf8.ValidString(s) {
			t.Errorf("%s: %d bytes: %.100s … %s", name, len(s), s, s[max(0, len(s)-20):])
		}
	}
}

func TestStringMalformed(t *testing.T) {
	for hex, want := range map[string]string{
		"":             "...",
		"2a":           "...",
		"68027701616d": "{:a, ...",
		"6802770161":   "{:a, ...",
		"6801520a":     "{...",
	} {
		equal(t, hex, unhex(t, hex).String(), want)
	}
}
