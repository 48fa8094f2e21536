package etf_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A jasonCase is a term of a BEAM node and Jason's JSON of it, or nothing if Jason
// refuses it.
type jasonCase struct {
	OTP  string  `json:"otp"`
	Term string  `json:"term"`
	ETF  []byte  `json:"etf"`
	JSON *string `json:"json"`
}

func jasonCases(tb testing.TB) []jasonCase {
	return goldentest.Lines[jasonCase](tb, "testdata/jason.jsonl")
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
	return okResult(tb, readFile(tb, filepath.Join(goldentest.Folder(tb), "introspection-result.etf")))
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
	for _, c := range goldentest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			got, err := okResult(t, c.ResultETF).AppendJSON(nil)
			if err != nil {
				t.Fatal(err)
			}
			goldentest.CheckJSON(t, got, []byte(c.JSON))
		})
	}
	t.Run("introspection", func(t *testing.T) {
		got, err := introspection(t).AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		goldentest.CheckJSON(t, got, readFile(t, filepath.Join(goldentest.Folder(t), "introspection.json")))
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
			goldentest.CheckJSON(t, got, []byte(*c.JSON))
			if object := (*c.JSON)[0] == '{'; len(got) != len(*c.JSON) || !object && string(got) != *c.JSON {
				t.Errorf("%s, want %s", got, *c.JSON)
			}
		})
	}
}

// The JSON of the answers makes the same JSON again after becoming a term.
func TestJSONRoundTripGolden(t *testing.T) {
	for _, c := range goldentest.Cases(t) {
		term, err := etf.AppendJSONTerm(nil, []byte(c.JSON))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		got, err := etf.Term{Bytes: term}.AppendJSON(nil)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		goldentest.CheckJSON(t, got, []byte(c.JSON))
	}
}
