package etf_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func money(v int64, more ...pair) []byte {
	return structTerm(append([]pair{{"__struct__", atom("Elixir.MyApp.Money")}, {"amount", integer(v)}}, more...)).Bytes
}

func object(pairs ...[]byte) []byte {
	b := etf.AppendMap(nil, len(pairs)/2)
	for _, p := range pairs {
		b = append(b, p...)
	}
	return b
}

func TestAppendJSONEncoded(t *testing.T) {
	name := func(s string) []byte { return etf.AppendBinary(nil, s) }
	inner := money(9)
	for _, tt := range []struct {
		name    string
		term    []byte
		structs []string // to be encoded
		want    string
	}{
		{"none", object(name("a"), integer(1)), nil, `{"a":1}`},
		{"at the top", money(1), []string{"%MyApp.Money{amount: 1}"}, `"<0>"`},
		{"several, in an order", object(name("a"), money(1), name("b"), list(money(2), integer(3))), []string{"%MyApp.Money{amount: 1}", "%MyApp.Money{amount: 2}"}, `{"b":["<1>",3],"a":"<0>"}`},
		{"in an ordered object", structTerm(ordered(list(tuple(name("k"), money(1))))).Bytes, []string{"%MyApp.Money{amount: 1}"}, `{"k":"<0>"}`},
		{"in another one", money(1, pair{"inner", inner}), []string{"%MyApp.Money{amount: 1, inner: %MyApp.Money{amount: 9}}"}, `"<0>"`},
		{"in a struct that is known", structTerm(append([]pair{{"extra", inner}}, backwards(decimal(integer(15), -1))...)).Bytes, nil, `"1.5"`},
		{"beside something that has no form", money(1, pair{"pid", tuple()}), []string{"%MyApp.Money{amount: 1, pid: {}}"}, `"<0>"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			called := 0
			var structs []string
			encode := func(terms []etf.Term) (texts [][]byte, _ error) {
				called++
				for i, term := range terms {
					structs = append(structs, term.String())
					texts = append(texts, fmt.Appendf(nil, `"<%d>"`, i))
				}
				return texts, nil
			}
			got, err := etf.Term{Bytes: tt.term}.AppendJSONEncoded(t.Context(), []byte("> "), order("b a"), 100, encode)
			if err != nil || string(got) != "> "+tt.want || fmt.Sprint(structs) != fmt.Sprint(tt.structs) || called != min(1, len(tt.structs)) {
				t.Errorf("%s, %v, of %v in %d calls; want %s of %v", got, err, structs, called, tt.want, tt.structs)
			}
		})
	}
}

func TestAppendJSONEncodedRefuses(t *testing.T) {
	failed := errors.New("no encoder")
	answers := func(texts ...string) func([]etf.Term) ([][]byte, error) {
		return func([]etf.Term) (list [][]byte, _ error) {
			for _, text := range texts {
				list = append(list, []byte(text))
			}
			return list, nil
		}
	}
	term := etf.Term{Bytes: list(money(1), money(2))}
	for name, encode := range map[string]func([]etf.Term) ([][]byte, error){
		"an error":      func([]etf.Term) ([][]byte, error) { return nil, failed },
		"too few":       answers(`1`),
		"too many":      answers(`1`, `2`, `3`),
		"no JSON":       answers(`1`, `{"a":}`),
		"two values":    answers(`1`, `2,3`),
		"no UTF-8":      answers(`1`, "\"\xff\""),
		"too much text": answers(`1`, `"0123456789012345678901234567890123456789"`),
	} {
		got, err := term.AppendJSONEncoded(t.Context(), []byte("> "), nil, 30, encode)
		if err == nil || string(got) != "> " || name == "an error" && err != failed {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	// A term that cannot be encoded anyway needs no encoder.
	refused := etf.Term{Bytes: list(money(1), tuple())}
	_, err := refused.AppendJSONEncoded(t.Context(), nil, nil, 100, func([]etf.Term) ([][]byte, error) {
		t.Error("an encoder is asked for a term that has no JSON form anyway")
		return nil, failed
	})
	var e *etf.JSONError
	if !errors.As(err, &e) || e.Path != "[1]" || e.Reason != "a tuple" {
		t.Error(err)
	}
}
