package etf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A workload is a set of terms to measure.
type workload struct {
	name  string
	terms []etf.Term
}

func workloads(tb testing.TB) []workload {
	var golden []etf.Term
	for _, c := range goldentest.Cases(tb) {
		golden = append(golden, okResult(tb, c.ResultETF))
	}
	return []workload{
		{"golden", golden},
		{"introspection", []etf.Term{introspection(tb)}},
		{"parts", []etf.Term{{Bytes: parts(1000)}}},
	}
}

// texts returns the JSON of the terms and its length.
func (w workload) texts(tb testing.TB) (texts [][]byte, size int64) {
	tb.Helper()
	for _, t := range w.terms {
		text, err := t.AppendJSON(nil)
		if err != nil {
			tb.Fatal(err)
		}
		texts = append(texts, text)
		size += int64(len(text))
	}
	return texts, size
}

// parts returns a list of n maps of scalars, the typical answer.
func parts(n int) []byte {
	b := etf.AppendList(nil, n)
	for i := range n {
		b = etf.AppendMap(b, 9)
		b = etf.AppendBinary(etf.AppendBinary(b, "id"), fmt.Sprint("p", i))
		b = etf.AppendBinary(etf.AppendBinary(b, "sku"), fmt.Sprintf("SKU-%06d", i))
		b = etf.AppendBinary(etf.AppendBinary(b, "name"), fmt.Sprintf("Hexagon bolt M%d, zinc plated", i%40))
		b = etf.AppendInt(etf.AppendBinary(b, "quantity"), int64(i*37))
		b = etf.AppendFloat(etf.AppendBinary(b, "weight"), float64(i)/8)
		b = etf.AppendBinary(etf.AppendBinary(b, "price"), fmt.Sprintf("%d.%02d", i%500, i%100))
		b = etf.AppendBool(etf.AppendBinary(b, "active"), i%2 == 0)
		b = etf.AppendAtom(etf.AppendBinary(b, "note"), "nil")
		b = etf.AppendBinary(etf.AppendBinary(b, "updatedAt"), "2026-01-31T12:00:00.123456Z")
	}
	return etf.AppendNil(b)
}

func BenchmarkAppendJSON(b *testing.B) {
	for _, w := range workloads(b) {
		texts, size := w.texts(b)
		b.Run(w.name+"/etf", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			dst := make([]byte, 0, size)
			for b.Loop() {
				for _, t := range w.terms {
					dst, _ = t.AppendJSON(dst[:0])
				}
			}
		})
		var values []any
		for _, text := range texts {
			values = append(values, goValue(b, text))
		}
		b.Run(w.name+"/encoding_json", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, v := range values {
					if _, err := json.Marshal(v); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// encoding/json only reads the text into Go values here; it makes no term.
func BenchmarkAppendJSONTerm(b *testing.B) {
	for _, w := range workloads(b) {
		texts, size := w.texts(b)
		b.Run(w.name+"/etf", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			dst := make([]byte, 0, 2*size)
			for b.Loop() {
				for _, text := range texts {
					dst, _ = etf.AppendJSONTerm(dst[:0], text)
				}
			}
		})
		b.Run(w.name+"/encoding_json", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range texts {
					var v any
					if err := json.Unmarshal(text, &v); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// goValue returns the Go value of a JSON text.
func goValue(tb testing.TB, text []byte) any {
	tb.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		tb.Fatal(err)
	}
	return numbers(v)
}

func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	}
	return v
}
