package etf_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// nest nests a term depth times in maps of the pairs that wrap makes.
func nest(term []byte, depth int, wrap func(inner []byte) []pair) []byte {
	for range depth {
		term = structTerm(wrap(term)).Bytes
	}
	return term
}

// costs reports whether f takes at most so many times as long as g. A busy machine interrupts
// most runs, so it runs them until the shortest ones of both fit, or a hundred times.
func costs(f func(), times int, g func()) (ok bool, ofF, ofG time.Duration) {
	took := func(f func()) time.Duration {
		began := time.Now()
		f()
		return time.Since(began)
	}
	ofF, ofG = took(f), took(g)
	for range 100 {
		ofF, ofG = min(ofF, took(f)), min(ofG, took(g))
		if ofF <= time.Duration(times)*ofG {
			return true, ofF, ofG
		}
	}
	return false, ofF, ofG
}

// The time is linear in the size of an answer, however structs are nested: 500 structs
// around a payload cost about as much as the payload.
func TestAppendJSONCostIsLinear(t *testing.T) {
	payload := parts(200)
	refused := append(etf.AppendTuple(etf.AppendList(nil, 2), 0), payload...)
	refused = etf.AppendNil(refused)
	orderedName := atom("Elixir.Jason.OrderedObject")
	inOrdered := func(inner []byte) []byte { return list(tuple(etf.AppendBinary(nil, "k"), inner)) }
	for name, c := range map[string]struct {
		payload []byte
		wrap    func(inner []byte) []pair
	}{
		"ordered, name first": {payload, func(inner []byte) []pair {
			return []pair{{"__struct__", orderedName}, {"values", inOrdered(inner)}}
		}},
		"ordered, name last": {payload, func(inner []byte) []pair {
			return []pair{{"values", inOrdered(inner)}, {"__struct__", orderedName}}
		}},
		"ordered, after another field": {payload, func(inner []byte) []pair {
			return []pair{{"a", inner}, {"values", list()}, {"__struct__", orderedName}}
		}},
		"ordered, with no JSON form in it": {refused, func(inner []byte) []pair {
			return []pair{{"values", inOrdered(inner)}, {"__struct__", orderedName}}
		}},
		"values of no struct": {payload, func(inner []byte) []pair {
			return []pair{{"values", inOrdered(inner)}, {"z", integer(1)}}
		}},
		"decimals in fields of decimals": {payload, func(inner []byte) []pair {
			return append([]pair{{"extra", inner}}, backwards(decimal(integer(1), 0))...)
		}},
		"unknown structs": {payload, func(inner []byte) []pair {
			return []pair{{"a", inner}, {"__struct__", atom("Elixir.MyApp.User")}}
		}},
		"maps with atoms as keys": {payload, func(inner []byte) []pair {
			return []pair{{"a", inner}, {"b", tuple()}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			deep := etf.Term{Bytes: nest(c.payload, 500, c.wrap)}
			print := func(term etf.Term) func() {
				return func() { _, _ = term.AppendJSONOrdered(t.Context(), nil, order("k{k{k{k}}} a"), 1<<30) }
			}
			if ok, nested, flat := costs(print(deep), 30, print(etf.Term{Bytes: payload})); !ok {
				t.Errorf("nested 500 deep it takes %v, flat %v", nested, flat)
			}
		})
	}
}

// Digits cost more than other bytes, but not by orders of magnitude.
func TestAppendJSONCostOfIntegers(t *testing.T) {
	of := func(digits, n int) func() {
		v := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
		b := etf.AppendList(nil, n)
		for range n {
			b = etf.AppendBig(b, v)
		}
		term := etf.Term{Bytes: etf.AppendNil(b)}
		return func() {
			if _, err := term.AppendJSON(nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	const all = 1_000_000 // digits
	if ok, long, short := costs(of(10_000, all/10_000), 30, of(100, all/100)); !ok {
		t.Errorf("a million digits take %v in integers of 100, %v in integers of 10,000", short, long)
	}
}

// The end of the context stops the encoding within a few hundred KiB, even if the
// output is discarded.
func TestAppendJSONStopsWithItsContext(t *testing.T) {
	cause := errors.New("the client left")
	digits := new(big.Int).Exp(big.NewInt(10), big.NewInt(9_999), nil)
	taken := structTerm(append([]pair{{"extra", etf.AppendBig(nil, digits)}}, backwards(decimal(integer(1), 0))...)).Bytes
	for name, element := range map[string][]byte{
		"text":            etf.AppendBinary(nil, strings.Repeat("x", 1000)),
		"integers":        etf.AppendBig(nil, digits),
		"text taken back": taken,
		"maps":            etf.AppendInt(etf.AppendBinary(etf.AppendMap(nil, 1), "k"), 1),
		"lists":           list(element1000()...),
	} {
		t.Run(name, func(t *testing.T) {
			n := 2 << 20 / len(element)
			b := etf.AppendList(nil, n)
			for range n {
				b = append(b, element...)
			}
			b = etf.AppendNil(b)
			term := etf.Term{Bytes: append(etf.AppendBinary(etf.AppendMap(nil, 1), "k"), b...)}
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			for _, o := range []*etf.Order{nil, order("k{k}")} {
				got, err := term.AppendJSONOrdered(ctx, make([]byte, 0, 1<<20), o, 1<<30)
				if !errors.Is(err, cause) || len(got) > 0 || cap(got) > 1<<20 {
					t.Errorf("%d bytes in %d, %v, want %v", len(got), cap(got), err, cause)
				}
				if _, err := term.AppendJSONOrdered(t.Context(), nil, o, 1<<30); err != nil {
					t.Errorf("without an end: %v", err)
				}
			}
		})
	}
}

func element1000() (list [][]byte) {
	for range 1000 {
		list = append(list, integer(1))
	}
	return list
}

// The time is linear in the size of a JSON text, however objects with duplicate names
// are nested.
func TestAppendJSONTermCostIsLinear(t *testing.T) {
	payload := `"` + strings.Repeat("x", 4<<20) + `"`
	var names strings.Builder
	for i := range 20 {
		fmt.Fprintf(&names, `"k%d":0,"k%d":0,`, i, i)
	}
	nested := strings.Repeat("{"+names.String()+`"in":`, 500) + payload + strings.Repeat("}", 500)
	buffer := make([]byte, 0, 8<<20)
	read := func(text []byte) func() {
		return func() {
			if _, err := etf.AppendJSONTerm(buffer, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ok, deep, flat := costs(read([]byte(nested)), 50, read([]byte(payload))); !ok {
		t.Errorf("nested 500 deep it takes %v, flat %v", deep, flat)
	}
}
