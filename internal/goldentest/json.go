package goldentest

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
)

// CheckJSON reports an error unless two texts have the same value.
func CheckJSON(tb testing.TB, got, want []byte) {
	tb.Helper()
	if !EqualJSON(JSONValue(tb, got), JSONValue(tb, want)) {
		tb.Errorf("got  %s\nwant %s", got, want)
	}
}

// JSONValue decodes a text with one JSON value. Its numbers are of type json.Number.
func JSONValue(tb testing.TB, text []byte) any {
	tb.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("%v: %s", err, text)
	}
	if _, err := d.Token(); err != io.EOF {
		tb.Fatalf("more than a value: %s", text)
	}
	return v
}

// EqualJSON compares two values of [JSONValue]. Members have any order. Integers are equal
// by their digits, other numbers by their value, and zero has a sign.
func EqualJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			if other, ok := b[name]; !ok || !EqualJSON(value, other) {
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
			if !EqualJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && equalNumbers(a.String(), b.String())
	}
	return a == b
}

func equalNumbers(a, b string) bool {
	if isInteger(a) || isInteger(b) {
		return a == b
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y && math.Signbit(x) == math.Signbit(y)
}

func isInteger(s string) bool { return !strings.ContainsAny(s, ".eE") }
