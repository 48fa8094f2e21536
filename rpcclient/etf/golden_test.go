package etf_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

const goldenDir = "../../testdata/golden"

// A goldenCase is a recorded query to Absinthe.run/3, its result, and Jason's JSON of
// it.
type goldenCase struct {
	Name      string          `json:"name"`
	Variables json.RawMessage `json:"variables"`
	Result    []byte          `json:"result_etf"`
	JSON      string          `json:"json"`
}

// A jasonCase is a term of a BEAM node and Jason's JSON of it, or nothing if Jason
// refuses it.
type jasonCase struct {
	OTP  string  `json:"otp"`
	Term string  `json:"term"`
	ETF  []byte  `json:"etf"`
	JSON *string `json:"json"`
}

func goldenCases(tb testing.TB) []goldenCase {
	return readLines[goldenCase](tb, filepath.Join(goldenDir, "absinthe-1.11.jsonl"))
}

func jasonCases(tb testing.TB) []jasonCase {
	return readLines[jasonCase](tb, "testdata/jason.jsonl")
}

func readLines[T any](tb testing.TB, name string) []T {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader(readFile(tb, name)))
	var cases []T
	for {
		var c T
		if err := dec.Decode(&c); err == io.EOF {
			return cases
		} else if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		cases = append(cases, c)
	}
}

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// introspection returns the answer to the introspection query.
func introspection(tb testing.TB) etf.Term {
	return okResult(tb, readFile(tb, filepath.Join(goldenDir, "introspection-result.etf")))
}

// okResult returns Term of {ok, Term}.
func okResult(tb testing.TB, b []byte) etf.Term {
	tb.Helper()
	if b[0] != etf.Version {
		tb.Fatalf("version %d", b[0])
	}
	d := etf.NewDecoder(etf.Term{Bytes: b[1:]})
	if arity, err := d.Tuple(); err != nil || arity != 2 {
		tb.Fatalf("Tuple() = %d, %v", arity, err)
	}
	if name, err := d.Atom(); err != nil || name != "ok" {
		tb.Fatalf("Atom() = %q, %v", name, err)
	}
	t, err := d.Term()
	if err != nil {
		tb.Fatal(err)
	}
	if n := len(d.Rest().Bytes); n > 0 {
		tb.Fatalf("%d bytes after the term", n)
	}
	return t
}

func TestAppendJSONGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			got, err := okResult(t, c.Result).AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, got, []byte(c.JSON))
		})
	}
	t.Run("introspection", func(t *testing.T) {
		got, err := introspection(t).AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		sameJSON(t, got, readFile(t, filepath.Join(goldenDir, "introspection.json")))
	})
}

// The text equals Jason's, except for the order of members.
func TestAppendJSONAsJason(t *testing.T) {
	for _, c := range jasonCases(t) {
		t.Run("OTP "+c.OTP+" "+c.Term, func(t *testing.T) {
			got, err := etf.Term{Bytes: c.ETF[1:]}.AppendJSON(nil)
			if c.JSON == nil {
				if err == nil {
					t.Fatalf("%s, which Jason refuses", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, got, []byte(*c.JSON))
			if object := (*c.JSON)[0] == '{'; len(got) != len(*c.JSON) || !object && string(got) != *c.JSON {
				t.Errorf("%s, want %s", got, *c.JSON)
			}
		})
	}
}

// The JSON of the answers makes the same JSON again after becoming a term.
func TestJSONRoundTripGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		term, err := etf.AppendJSONTerm(nil, []byte(c.JSON))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		got, err := etf.Term{Bytes: term}.AppendJSON(nil)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		sameJSON(t, got, []byte(c.JSON))
	}
}

// sameJSON fails unless two texts have the same value.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	if g, w := jsonValue(t, got), jsonValue(t, want); !equalJSON(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func jsonValue(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if dec.More() {
		t.Fatalf("more than a value: %s", text)
	}
	return v
}

func equalJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k := range a {
			if _, ok := b[k]; !ok || !equalJSON(a[k], b[k]) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equalJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && equalNumber(string(a), string(b))
	}
	return a == b
}

// equalNumber compares integers by their digits and floats by their value.
func equalNumber(a, b string) bool {
	if isInteger(a) || isInteger(b) {
		return a == b
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y && math.Signbit(x) == math.Signbit(y)
}

func isInteger(s string) bool { return !strings.ContainsAny(s, ".eE") }
