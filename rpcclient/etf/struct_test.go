package etf_test

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A pair is a key of a struct and its value, encoded.
type pair struct {
	key   string
	value []byte
}

func atom(name string) []byte { return etf.AppendAtom(nil, name) }
func integer(v int64) []byte  { return etf.AppendInt(nil, v) }

func microsecond(value, precision int64) []byte {
	return etf.AppendInt(etf.AppendInt(etf.AppendTuple(nil, 2), value), precision)
}

func list(elements ...[]byte) []byte {
	return etf.AppendNil(append(etf.AppendList(nil, len(elements)), bytes.Join(elements, nil)...))
}

func tuple(elements ...[]byte) []byte {
	return append(etf.AppendTuple(nil, len(elements)), bytes.Join(elements, nil)...)
}

func structTerm(pairs []pair) etf.Term {
	b := etf.AppendMap(nil, len(pairs))
	for _, p := range pairs {
		b = append(etf.AppendAtom(b, p.key), p.value...)
	}
	return etf.Term{Bytes: b}
}

func dateTime() []pair {
	return []pair{
		{"__struct__", atom("Elixir.DateTime")},
		{"calendar", atom("Elixir.Calendar.ISO")},
		{"year", integer(2026)}, {"month", integer(2)}, {"day", integer(3)},
		{"hour", integer(4)}, {"minute", integer(5)}, {"second", integer(6)}, {"microsecond", microsecond(7000, 3)},
		{"time_zone", etf.AppendBinary(nil, "Europe/Warsaw")}, {"zone_abbr", etf.AppendBinary(nil, "CET")},
		{"utc_offset", integer(3600)}, {"std_offset", integer(0)},
	}
}

func decimal(coef []byte, exp int64) []pair {
	return []pair{{"__struct__", atom("Elixir.Decimal")}, {"coef", coef}, {"exp", integer(exp)}, {"sign", integer(1)}}
}

func ordered(values []byte) []pair {
	return []pair{{"__struct__", atom("Elixir.Jason.OrderedObject")}, {"values", values}}
}

// with returns the pairs with another value for a key, or, for nil, without the key.
func with(pairs []pair, key string, value []byte) []pair {
	var out []pair
	for _, p := range pairs {
		if p.key == key {
			p.value = value
		}
		if p.value != nil {
			out = append(out, p)
		}
	}
	return out
}

// OTP releases order the keys of a map differently, so the key of a struct may be
// anywhere.
func TestStructKeyAnywhere(t *testing.T) {
	for _, tt := range []struct {
		pairs []pair
		want  string
	}{
		{dateTime(), `"2026-02-03T04:05:06.007+01:00"`},
		{decimal(integer(15), -1), `"1.5"`},
		{ordered(list(tuple(etf.AppendBinary(nil, "z"), atom("ok")))), `{"z":"ok"}`},
	} {
		for at := range tt.pairs {
			pairs := append([]pair{}, tt.pairs[1:at+1]...)
			pairs = append(pairs, tt.pairs[0])
			pairs = append(pairs, tt.pairs[at+1:]...)
			got, err := structTerm(pairs).AppendJSON([]byte("> "))
			if err != nil || string(got) != "> "+tt.want {
				t.Errorf("in place %d: %s, %v, want %s", at, got, err, tt.want)
			}
		}
	}
}

// Years past 9999 are valid: databases have them.
func TestStructYears(t *testing.T) {
	for year, want := range map[int64]string{5: "0005", -5: "-0005", 9999: "9999", 10000: "10000", -12345: "-12345", 5874897: "5874897"} {
		got, err := structTerm(with(dateTime(), "year", integer(year))).AppendJSON(nil)
		if want = `"` + want + `-02-03T04:05:06.007+01:00"`; err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// Other fields of a struct are ignored.
func TestStructExtraFields(t *testing.T) {
	for _, extra := range [][]byte{etf.AppendTuple(nil, 0), etf.AppendBinary(nil, "\xff"), structTerm([]pair{{"__struct__", atom("Foo")}}).Bytes} {
		pairs := append([]pair{{"extra", extra}}, decimal(integer(15), -1)...)
		got, err := structTerm(pairs).AppendJSON(nil)
		if err != nil || string(got) != `"1.5"` {
			t.Errorf("%s, %v", got, err)
		}
	}
	// A key that no object can have is ignored, too.
	b := append(etf.AppendMap(nil, 5), tuple(integer(1), integer(2))...)
	b = append(etf.AppendInt(b, 3), structTerm(decimal(integer(15), -1)).Bytes[5:]...)
	got, err := etf.Term{Bytes: b}.AppendJSON(nil)
	if err != nil || string(got) != `"1.5"` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestStructRefused(t *testing.T) {
	huge := etf.AppendBig(nil, new(big.Int).Lsh(big.NewInt(1), 200))
	tests := []struct {
		pairs        []pair
		path, reason string
	}{
		{[]pair{{"__struct__", atom("Elixir.MyApp.User")}}, "", "unknown struct MyApp.User"},
		{[]pair{{"__struct__", atom("record")}}, "", "unknown struct record"},
		{with(dateTime(), "calendar", atom("Elixir.Calendar.Julian")), "", "a DateTime in a calendar other than Calendar.ISO"},
		{with(dateTime(), "calendar", nil), "", "a DateTime without a valid calendar"},
		{with(dateTime(), "year", huge), "", "a DateTime without a valid year"},
		{with(dateTime(), "month", integer(13)), "", "a DateTime without a valid month"},
		{with(dateTime(), "month", nil), "", "a DateTime without a valid month"},
		{with(dateTime(), "day", integer(0)), "", "a DateTime without a valid day"},
		{with(dateTime(), "hour", integer(24)), "", "a DateTime without a valid hour"},
		{with(dateTime(), "minute", atom("x")), "", "a DateTime without a valid minute"},
		{with(dateTime(), "second", huge), "", "a DateTime without a valid second"},
		{with(dateTime(), "microsecond", integer(1)), "", "a DateTime without a valid microsecond"},
		{with(dateTime(), "microsecond", microsecond(1000000, 6)), "", "a DateTime without a valid microsecond"},
		{with(dateTime(), "microsecond", microsecond(0, 7)), "", "a DateTime without a valid microsecond"},
		{with(dateTime(), "time_zone", integer(1)), "", "a DateTime without a valid time_zone"},
		{with(dateTime(), "utc_offset", integer(1<<40)), "", "a DateTime without a valid utc_offset"},
		{with(dateTime(), "std_offset", nil), "", "a DateTime without a valid std_offset"},
		{decimal(integer(-1), 0), "", "a Decimal without a valid coef"},
		{decimal(atom("qNaN"), 0), "", "a Decimal without a valid coef"},
		{decimal(nil, 0)[:1], "", "a Decimal without a valid sign"},
		{with(decimal(integer(1), 0), "coef", nil), "", "a Decimal without a valid coef"},
		{with(decimal(integer(1), 0), "sign", integer(0)), "", "a Decimal without a valid sign"},
		{with(decimal(integer(1), 0), "exp", nil), "", "a Decimal without a valid exp"},
		{decimal(integer(1), 6177), "", "a Decimal with an exponent past 6,176"},
		{decimal(integer(1), -6177), "", "a Decimal with an exponent past 6,176"},
		{decimal(integer(1), -1<<62), "", "a Decimal with an exponent past 6,176"},
		{decimal(etf.AppendBig(nil, new(big.Int).Lsh(big.NewInt(1), 40_000)), 0), "", "a Decimal of more than 10,000 digits"},
		{ordered(nil)[:1], "", "a Jason.OrderedObject without a valid values"},
		{ordered(integer(1)), "", "a Jason.OrderedObject without a valid values"},
		{ordered(list(integer(1))), "", "a Jason.OrderedObject without a valid values"},
		{ordered(list(tuple(integer(1)))), "", "a Jason.OrderedObject without a valid values"},
		{ordered(append(etf.AppendList(nil, 1), append(tuple(atom("a"), atom("b")), 'a', 1)...)), "", "a Jason.OrderedObject without a valid values"},
		{ordered(list(tuple(atom("a"), integer(1)), tuple(atom("b"), list(tuple())))), "b[0]", "a tuple"},
		{ordered(list(tuple(tuple(), integer(1)))), "", "a tuple as a key"},
		{ordered(list(tuple(atom("a"), structTerm(with(decimal(integer(1), 0), "sign", nil)).Bytes))), "a", "a Decimal without a valid sign"},
	}
	for _, tt := range tests {
		for name, pairs := range map[string][]pair{"": tt.pairs, " backwards": backwards(tt.pairs)} {
			// The struct is an element, which tests the path, too.
			b := etf.AppendBinary(etf.AppendMap(nil, 1), "at")
			b = append(etf.AppendList(b, 1), structTerm(pairs).Bytes...)
			_, err := etf.Term{Bytes: etf.AppendNil(b)}.AppendJSON(nil)
			path := "at[0]"
			if tt.path != "" {
				path += "." + tt.path
			}
			var e *etf.JSONError
			if !errors.As(err, &e) || e.Reason != tt.reason || e.Path != path {
				t.Errorf("%v, want %s at %s%s", err, tt.reason, path, name)
			}
		}
	}
}

func backwards(pairs []pair) []pair {
	var out []pair
	for i := range pairs {
		out = append(out, pairs[len(pairs)-1-i])
	}
	return out
}

// The exponent of a Decimal costs as many zeros, within bounds.
func TestDecimalExponent(t *testing.T) {
	got, err := structTerm(decimal(integer(1), 6176)).AppendJSON(nil)
	equal(t, "1E+6176", string(got), `"1`+strings.Repeat("0", 6176)+`"`)
	equal(t, "error", err, nil)
	got, err = structTerm(decimal(integer(12), -6176)).AppendJSON(nil)
	equal(t, "12E-6176", string(got), `"0.`+strings.Repeat("0", 6174)+`12"`)
	equal(t, "error", err, nil)
}

// Structs in structs, each with its key last, are walked a few times, not twice as
// often at every level.
func TestStructsNested(t *testing.T) {
	b := etf.AppendNil(nil)
	for range 1000 {
		outer := append(etf.AppendAtom(etf.AppendMap(nil, 3), "a"), b...)
		outer = append(etf.AppendAtom(outer, "values"), etf.AppendNil(nil)...)
		b = etf.AppendAtom(etf.AppendAtom(outer, "__struct__"), "Elixir.Jason.OrderedObject")
	}
	got, err := etf.Term{Bytes: b}.AppendJSON(nil)
	if err != nil || string(got) != "{}" {
		t.Errorf("%s, %v", got, err)
	}

	b = etf.AppendTuple(nil, 0)
	for range 1000 {
		values := append(etf.AppendAtom(etf.AppendTuple(etf.AppendList(nil, 1), 2), "k"), b...)
		outer := append(etf.AppendAtom(etf.AppendMap(nil, 2), "values"), etf.AppendNil(values)...)
		b = etf.AppendAtom(etf.AppendAtom(outer, "__struct__"), "Elixir.Jason.OrderedObject")
	}
	_, err = etf.Term{Bytes: b}.AppendJSON(nil)
	var e *etf.JSONError
	if !errors.As(err, &e) || e.Reason != "a tuple" || e.Path != strings.Repeat(".k", 1000)[1:] {
		t.Errorf("%.100v", err)
	}
}
