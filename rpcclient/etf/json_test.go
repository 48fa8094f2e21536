package etf_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// Forms of terms that term_to_binary/1 does not write.
func TestAppendJSONOtherForms(t *testing.T) {
	tests := []struct{ name, hex, want string }{
		{"cached atom", "5200", `"first"`},
		{"cached atoms as keys and values", "7400000002 5200 6101 5201 5202", `{"first":1,"second":null}`},
		{"cached true and false", "6c00000002 5203 5204 6a", `[true,false]`},
		{"cached odd atom", "5205", `"\"\u0001é"`},
		{"Latin-1 atom", "7303fc6eef", `"ünï"`},
		{"Latin-1 atom to be escaped", "64000322e90a", `"\"é\n"`},
		{"old nil", "6400036e696c", "null"},
		{"old text float", "63312e3530303030303030303030303030303030303030652b30300000000000", "1.5"},
		{"small number in many bytes", "6e0900050000000000000000", "5"},
		{"negative zero integer", "6e0101 00", "-0"},
		{"long packed list", "6b000400630aff", "[0,99,10,255]"},
		{"same key twice", "7400000002 770161 6101 6d0000000161 6102", `{"a":1,"a":2}`},
	}
	for _, tt := range tests {
		term := unhex(t, tt.hex)
		term.Atoms = []string{"first", "second", "nil", "true", "false", "\"\x01é"}
		got, err := term.AppendJSON([]byte("> "))
		if err != nil || string(got) != "> "+tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

// A term without a JSON form is an error with its path, and dst is unchanged.
func TestAppendJSONRefuses(t *testing.T) {
	tests := []struct{ name, hex, path, reason string }{
		{"tuple", "680161 00", "", "a tuple"},
		{"pid", "58770161000000010000000200000003", "", "a pid"},
		{"port", "5977016100000001 00000001", "", "a port"},
		{"reference", "5a0001770161 00000001 00000001", "", "a reference"},
		{"export", "717701617701626100", "", "a function"},
		{"function", "7000000004", "", "a function"},
		{"bitstring", "4d000000010320", "", "a bitstring"},
		{"infinite float", "467ff0000000000000", "", "a float that is not finite"},
		{"NaN", "467ff8000000000001", "", "a float that is not finite"},
		{"invalid UTF-8", "6d00000001ff", "", "a binary that is not valid UTF-8"},
		{"surrogate", "6d00000003eda080", "", "a binary that is not valid UTF-8"},
		{"invalid UTF-8 after a quote", "6d0000000322ff22", "", "a binary that is not valid UTF-8"},
		{"invalid atom", "7701ff", "", "an atom that is not valid UTF-8"},
		{"improper list", "6c00000001 6101 6102", "", "the tail of an improper list"},
		{"in a list", "6c00000002 6101 6800 6a", "[1]", "a tuple"},
		{"in a map", "7400000001 6d0000000161 6800", "a", "a tuple"},
		{"in an atom's value", "7400000001 7704 64617461 6800", "data", "a tuple"},
		{"in an integer's value", "7400000001 6103 6800", "3", "a tuple"},
		{"behind others", "7400000002 6d0000000161 740000000 1 6d0000000162 6a 6d0000000163 6c00000001 7400000001 6d0000000164 6800 6a", "c[0].d", "a tuple"},
		{"under an odd key", "7400000001 6d00000003 612e22 6800", `["a.\""]`, "a tuple"},
		{"under an empty key", "7400000001 6d00000000 6800", `[""]`, "a tuple"},
		{"key that is a tuple", "7400000001 770161 7400000001 6800 6101", "a", "a tuple as a key"},
		{"key that is a map", "7400000001 7400000000 6101", "", "a map as a key"},
		{"key that is no UTF-8", "7400000001 770161 7400000001 6d00000001ff 6101", "a", "a binary that is not valid UTF-8"},
		{"large integer", "6f0000103a" + "00" + strings.Repeat("01", 0x103a), "", "an integer of more than 10,000 digits"},
	}
	for _, tt := range tests {
		dst := []byte("> ")
		got, err := unhex(t, tt.hex).AppendJSON(dst)
		var e *etf.JSONError
		if !errors.As(err, &e) {
			t.Errorf("%s: %s, %v", tt.name, got, err)
			continue
		}
		if e.Path != tt.path || e.Reason != tt.reason {
			t.Errorf("%s: %q at %q, want %q at %q", tt.name, e.Reason, e.Path, tt.reason, tt.path)
		}
		if string(got) != "> " {
			t.Errorf("%s: dst is %q", tt.name, got)
		}
	}
}

// The path leads a developer to the field of an answer.
func TestJSONErrorPath(t *testing.T) {
	owner := func(b []byte) []byte {
		b = etf.AppendMap(b, 2)
		b = etf.AppendInt(etf.AppendBinary(b, "id"), 1)
		return etf.AppendPid(etf.AppendBinary(b, "owner"), etf.Pid{Node: "a@b"})
	}
	b := etf.AppendAtom(etf.AppendMap(nil, 1), "data")
	b = etf.AppendBinary(etf.AppendMap(b, 1), "parts")
	b = etf.AppendList(b, 4)
	for range 3 {
		b = etf.AppendNil(b)
	}
	b = etf.AppendNil(owner(b))
	_, err := etf.Term{Bytes: b}.AppendJSON(nil)
	if got := err.Error(); got != "etf: no JSON form at data.parts[3].owner: a pid" {
		t.Error(got)
	}

	long := etf.AppendTuple(etf.AppendBinary(etf.AppendMap(nil, 1), strings.Repeat("é", 1000)), 0)
	var e *etf.JSONError
	if _, err = (etf.Term{Bytes: long}).AppendJSON(nil); !errors.As(err, &e) || e.Path != `["`+strings.Repeat("é", 32)+`…"]` {
		t.Errorf("%v", err)
	}
}

// Malformed bytes are an Error anywhere, even after a term without JSON form.
func TestAppendJSONMalformed(t *testing.T) {
	for name, hex := range map[string]string{
		"nothing":                 "",
		"compressed":              "50000001",
		"local":                   "7900",
		"unknown tag":             "6c00000001 2a 6a",
		"unknown key":             "7400000001 2a 6a",
		"more than a term":        "6101 6101",
		"half after a tuple":      "6c00000002 6800 61",
		"half after a tuple key":  "7400000002 6800 6101 6d",
		"no tail":                 "6c00000001 6101",
		"half a tail":             "6c00000001 6101 62",
		"half a struct":           "7400000002 770a5f5f7374727563745f5f 770161 770161 62",
		"many elements":           "6cffffffff 6a",
		"many pairs":              "74ffffffff 6a",
		"list of none":            "6c00000000 6a",
		"atom not in the cache":   "520a",
		"key not in the cache":    "7400000001 520a 6101",
		"text that is no float":   "63" + strings.Repeat("61", 31),
		"half a float":            "46000000",
		"half a key":              "7400000001 61",
		"half a value":            "7400000001 6101 61",
		"half a list of integers": "6b000561",
	} {
		got, err := unhex(t, hex).AppendJSON([]byte("> "))
		if !isError(err) || string(got) != "> " {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestAppendJSONDepth(t *testing.T) {
	const most = 1024
	for name, wrap := range map[string]func([]byte) []byte{
		"lists": func(b []byte) []byte { return etf.AppendList(b, 1) },
		"maps":  func(b []byte) []byte { return etf.AppendInt(etf.AppendMap(b, 1), 1) },
	} {
		for _, depth := range []int{most, most + 1, 100_000} {
			var b []byte
			for range depth {
				b = wrap(b)
			}
			b = etf.AppendNil(b) // the innermost value
			if name == "lists" {
				for range depth {
					b = etf.AppendNil(b)
				}
			}
			_, err := etf.Term{Bytes: b}.AppendJSON(nil)
			var e *etf.JSONError
			switch {
			case depth <= most && err != nil:
				t.Errorf("%d %s: %.100v", depth, name, err)
			case depth > most && (!errors.As(err, &e) || e.Reason != "nesting deeper than 1024"):
				t.Errorf("%d %s: %.100v", depth, name, err)
			}
		}
	}
}

// Integers of any length equal those of math/big.
func TestAppendJSONIntegers(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for size := 1; size <= 300; size++ {
		powerOf256 := make([]byte, size)
		powerOf256[0] = 1
		random := make([]byte, size)
		for i := range random {
			random[i] = byte(rnd.Uint32())
		}
		for _, digits := range [][]byte{bytes.Repeat([]byte{0xFF}, size), powerOf256, random} {
			v := new(big.Int).SetBytes(digits)
			if size%2 == 0 {
				v.Neg(v)
			}
			got, err := etf.Term{Bytes: etf.AppendBig(nil, v)}.AppendJSON(nil)
			if err != nil || string(got) != v.String() {
				t.Fatalf("%s, %v, want %s", got, err, v)
			}
		}
	}
	for _, power := range []int64{18, 19, 20, 37, 38, 39, 57, 400, 600} {
		v := new(big.Int).Exp(big.NewInt(10), big.NewInt(power), nil)
		for _, d := range []int64{-1, 0, 1} {
			v := new(big.Int).Add(v, big.NewInt(d))
			got, _ := etf.Term{Bytes: etf.AppendBig(nil, v)}.AppendJSON(nil)
			equal(t, "AppendJSON", string(got), v.String())
		}
	}
}

// Floats read back as the same number, never look like an integer, and have the
// minimum length.
func TestAppendJSONFloats(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		v := math.Float64frombits(rnd.Uint64())
		if rnd.Uint32()%2 == 0 {
			v = math.Round(rnd.Float64()*1e6) / math.Pow(10, float64(rnd.IntN(12)))
		}
		if math.IsInf(v, 0) || math.IsNaN(v) {
			continue
		}
		got, err := etf.Term{Bytes: etf.AppendFloat(nil, v)}.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := strconv.ParseFloat(string(got), 64)
		if err != nil || back != v || !strings.Contains(string(got), ".") || !json.Valid(got) {
			t.Fatalf("%v: %s", v, got)
		}
		if shortest := strconv.FormatFloat(v, 'g', -1, 64); len(got) > len(shortest)+len(".0") {
			t.Fatalf("%s, want as short as %s", got, shortest)
		}
	}
}

// Strings with any bytes anywhere, at all lengths around the size of a word.
func TestAppendJSONStrings(t *testing.T) {
	odd := []string{"\x00", "\x1f", " ", "\"", "\\", "/", "\x7f", "\u0080", "é", "☃", "😀", "\u2028", "\n", "\b\f\r\t", "\"\\", "\x01é\x01"}
	for length := range 40 {
		for at := range length + 1 {
			for _, o := range odd {
				s := strings.Repeat("a", at) + o + strings.Repeat("z", length-at)
				got, err := etf.Term{Bytes: etf.AppendBinary(nil, s)}.AppendJSON(nil)
				var back string
				if err != nil || json.Unmarshal(got, &back) != nil || back != s {
					t.Fatalf("%q: %s, %v", s, got, err)
				}
				// Atoms take another path.
				got, err = etf.Term{Bytes: []byte{82, 0}, Atoms: []string{s}}.AppendJSON(nil)
				if err != nil || json.Unmarshal(got, &back) != nil || back != s {
					t.Fatalf("atom %q: %s, %v", s, got, err)
				}
			}
			for _, o := range []string{"\x80", "\xff", "\xc3", "\xe2\x98", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"} {
				s := strings.Repeat("a", at) + o + strings.Repeat("z", length-at)
				if got, err := (etf.Term{Bytes: etf.AppendBinary(nil, s)}).AppendJSON(nil); err == nil {
					t.Fatalf("%q: %s", s, got)
				}
			}
		}
	}
}

// dst may have any free capacity.
func TestAppendJSONGrows(t *testing.T) {
	term := introspection(t)
	want, err := term.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	for room := range 64 {
		dst := append(make([]byte, 0, room+3), "abc"...)
		got, err := term.AppendJSON(dst)
		if err != nil || !bytes.Equal(got, append([]byte("abc"), want...)) {
			t.Fatalf("with room for %d: %v", room, err)
		}
	}
}

// A text of exactly the maximum equals AppendJSON's. A longer one is an error, and dst
// is unchanged.
func TestAppendJSONWithin(t *testing.T) {
	for _, w := range workloads(t) {
		for _, term := range w.terms {
			text, err := term.AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			within(t, term, text)
		}
	}
	within(t, etf.Term{Bytes: etf.AppendBinary(nil, "é\x00\x1f\b\t\n\v\f\r\"\\/\x7f")}, []byte("\"é\\u0000\\u001F\\b\\t\\n\\u000B\\f\\r\\\"\\\\/\x7f\""))
	for _, pairs := range [][]pair{dateTime(), backwards(dateTime())} { // a struct, by its first or its last key
		within(t, structTerm(pairs), []byte(`"2026-02-03T04:05:06.007+01:00"`))
	}

	bad := etf.AppendNil(etf.AppendTuple(etf.AppendBinary(etf.AppendList(nil, 2), "long enough"), 0))
	var size *etf.JSONSizeError
	if _, err := (etf.Term{Bytes: bad}).AppendJSONWithin(context.Background(), nil, 5); !errors.As(err, &size) {
		t.Errorf("%v, want a JSONSizeError for what comes first", err)
	}
	if _, err := (etf.Term{Bytes: bad[:len(bad)-1]}).AppendJSONWithin(context.Background(), nil, 5); !isError(err) {
		t.Errorf("%v, want an Error for malformed bytes wherever they are", err)
	}
}

// Encoding stops before it makes gigabytes of text.
func TestAppendJSONWithinIsCheap(t *testing.T) {
	const many = 1 << 20
	long := strings.Repeat("\x01", 1020)
	for name, term := range map[string]etf.Term{
		"atoms":       {Bytes: etf.AppendNil(append(etf.AppendList(nil, many), bytes.Repeat([]byte{82, 0}, many)...)), Atoms: []string{long}},
		"keys":        {Bytes: append(etf.AppendMap(nil, many), bytes.Repeat([]byte{82, 0, 106}, many)...), Atoms: []string{long}},
		"a string":    {Bytes: etf.AppendBinary(nil, strings.Repeat("\x01", many))},
		"empty lists": {Bytes: etf.AppendNil(append(etf.AppendList(nil, many), bytes.Repeat([]byte{106}, many)...))},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := term.AppendJSONWithin(context.Background(), nil, 1<<20)
		runtime.ReadMemStats(&after)
		var e *etf.JSONSizeError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v, want a JSONSizeError", name, err)
		}
		// A slice that grows to 1 MiB allocates some 6 MiB on the way.
		if used := after.TotalAlloc - before.TotalAlloc; used > 10<<20 {
			t.Errorf("%s: %d bytes allocated for a text within 1 MiB", name, used)
		}
	}
}

// The input is only read, even where whole words are.
func TestAppendJSONKeepsInput(t *testing.T) {
	b := etf.AppendBinary(etf.AppendList(nil, 2), "a\"b")
	b = etf.AppendNil(etf.AppendAtom(b, "c\nd"))
	before := bytes.Clone(b)
	if _, err := (etf.Term{Bytes: b}).AppendJSON(nil); err != nil || !bytes.Equal(b, before) {
		t.Errorf("%x, %v, want %x", b, err, before)
	}
}

// The golden cases, which have every kind of term, allocate nothing.
func TestAppendJSONAllocs(t *testing.T) {
	dst := make([]byte, 0, 1<<20)
	for _, w := range workloads(t) {
		for _, term := range w.terms {
			n := testing.AllocsPerRun(10, func() {
				if _, err := term.AppendJSON(dst); err != nil {
					t.Fatal(err)
				}
			})
			if n > 0 {
				t.Errorf("%s: %v allocations: %v", w.name, n, term)
			}
		}
	}
	// The same with atoms of a connection's atom cache.
	b := binary.BigEndian.AppendUint32([]byte{byte(etf.TagMap)}, 2)
	b = append(b, 82, 0, 82, 1, 82, 1, 82, 0)
	term := etf.Term{Bytes: b, Atoms: []string{"first", "an atom of more than a few bytes, \"quoted\""}}
	if n := testing.AllocsPerRun(10, func() { _, _ = term.AppendJSON(dst) }); n > 0 {
		t.Errorf("cached atoms: %v allocations", n)
	}
}
