package etf_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// seedTerms adds terms of every kind, and recorded answers of nodes.
func seedTerms(f *testing.F) {
	for _, tt := range terms {
		f.Add(unhex(f, tt.hex).Bytes)
	}
	for _, c := range goldentest.Cases(f) {
		f.Add(c.ResultETF[1:])
		f.Add(okResult(f, c.ResultETF).Bytes)
	}
	for _, c := range jasonCases(f) {
		f.Add(c.ETF[1:])
	}
	f.Add(structTerm(dateTime()).Bytes)
	f.Add(structTerm(backwards(ordered(list(tuple(atom("a"), integer(1)))))).Bytes)
}

// Any input yields JSON or an error, and dst is kept.
func FuzzTermJSON(f *testing.F) {
	seedTerms(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := etf.Term{Bytes: b, Atoms: cached}.AppendJSON([]byte("> "))
		if !bytes.HasPrefix(got, []byte("> ")) {
			t.Fatalf("dst is %q", got)
		}
		switch {
		case err != nil && len(got) != 2:
			t.Fatalf("%q with %v", got, err)
		case err == nil && !json.Valid(got[2:]):
			t.Fatalf("not JSON: %q", got)
		case err == nil && !utf8.Valid(got):
			t.Fatalf("not UTF-8: %q", got)
		}
		if err == nil {
			within(t, etf.Term{Bytes: b, Atoms: cached}, got[2:])
		}
		if isError(err) {
			return
		}
		// Skip takes everything that is not malformed.
		d := etf.NewDecoder(etf.Term{Bytes: b, Atoms: cached})
		if serr := d.Skip(); serr != nil {
			t.Fatalf("Skip: %v, AppendJSON: %v", serr, err)
		}
	})
}

// within checks that the JSON text of a term is refused exactly if it exceeds the
// maximum.
func within(t *testing.T, term etf.Term, text []byte) {
	got, err := term.AppendJSONWithin(context.Background(), []byte("> "), len(text))
	if err != nil || string(got[2:]) != string(text) {
		t.Fatalf("within its own %d bytes: %q, %v, want %q", len(text), got, err, text)
	}
	for max := 0; max < len(text); max += 1 + len(text)/100 {
		var e *etf.JSONSizeError
		if got, err := term.AppendJSONWithin(context.Background(), []byte("> "), max); !errors.As(err, &e) || e.Max != max || string(got) != "> " {
			t.Fatalf("within %d of its %d bytes: %q, %v", max, len(text), got, err)
		}
	}
}

// Skip agrees with reading element by element, and stays within the input.
func FuzzSkip(f *testing.F) {
	seedTerms(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		term := etf.Term{Bytes: b, Atoms: cached}
		_ = term.String()
		d := etf.NewDecoder(term)
		err := d.Skip()
		if err != nil && (d.Offset() != 0 || !isError(err)) {
			t.Fatalf("offset %d, %v", d.Offset(), err)
		}
		if err != nil {
			return
		}
		w := etf.NewDecoder(term)
		walk(t, &w)
		if w.Offset() != d.Offset() {
			t.Fatalf("%d bytes walked, %d skipped", w.Offset(), d.Offset())
		}
	})
}

// walk reads a well-formed term with the methods for its kind.
func walk(t *testing.T, d *etf.Decoder) {
	for pending := 1; pending > 0; pending-- {
		tag, err := d.Tag()
		n := 0
		switch tag {
		case etf.TagSmallTuple, etf.TagLargeTuple:
			n, err = d.Tuple()
		case etf.TagList:
			n, err = d.List()
			n++
		case etf.TagNil:
			err = d.Nil()
		case etf.TagMap:
			n, err = d.Map()
			n *= 2
		case etf.TagBinary:
			_, err = d.Binary()
		case etf.TagSmallInteger, etf.TagInteger:
			_, err = d.Int()
		case etf.TagPid, etf.TagNewPid:
			if _, perr := d.Pid(); perr != nil { // its node may be invalid UTF-8
				err = d.Skip()
			}
		case etf.TagNewRef, etf.TagNewerRef:
			if _, rerr := d.Ref(); rerr != nil {
				err = d.Skip()
			}
		default:
			err = d.Skip()
		}
		if err != nil {
			t.Fatalf("%v: %v", tag, err)
		}
		pending += n
	}
}

// Only valid JSON is accepted, and its term has the same value.
func FuzzJSONTerm(f *testing.F) {
	for _, c := range goldentest.Cases(f) {
		f.Add([]byte(c.JSON))
		f.Add([]byte(c.Variables))
	}
	for _, c := range jasonCases(f) {
		if c.JSON != nil {
			f.Add([]byte(*c.JSON))
		}
	}
	for _, s := range []string{`{"a":1,"a":[2,{"b":null,"b":1e5}],"\u0061":3}`, `"\uD83D\uDE00\ud83d"`, `[-0,-0.0,1E+2,1e400]`, "\"\xff\"", `[1,]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		term, err := etf.AppendJSONTerm([]byte("> "), text)
		if err != nil {
			if string(term) != "> " {
				t.Fatalf("dst is %q with %v", term, err)
			}
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is not JSON", text)
		}
		got, err := etf.Term{Bytes: term[2:]}.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := goldentest.JSONValue(t, got), firstMembers(t, text); !goldentest.EqualJSON(g, w) {
			t.Fatalf("%s came back as %s", text, got)
		}
	})
}

// firstMembers reads a JSON text as encoding/json does, but keeps the first of
// duplicate members.
func firstMembers(t *testing.T, text []byte) any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value func() any
	value = func() any {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('['):
			list := []any{}
			for dec.More() {
				list = append(list, value())
			}
			_, _ = dec.Token()
			return list
		case json.Delim('{'):
			object := map[string]any{}
			for dec.More() {
				key, _ := dec.Token()
				v := value()
				if _, ok := object[key.(string)]; !ok {
					object[key.(string)] = v
				}
			}
			_, _ = dec.Token()
			return object
		case json.Number("-0"):
			return json.Number("0") // there is no such integer
		}
		return token
	}
	return value()
}
