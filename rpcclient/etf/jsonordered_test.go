package etf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/internal/goldentest"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// order parses an order written like a GraphQL selection: "a b{c d}".
func order(selection string) *etf.Order {
	o, _ := readOrder(strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(selection)))
	return o
}

func readOrder(words []string) (*etf.Order, []string) {
	var members []etf.Member
	for len(words) > 0 && words[0] != "}" {
		if words[0] == "{" {
			members[len(members)-1].Order, words = readOrder(words[1:])
		} else {
			members = append(members, etf.Member{Name: words[0]})
		}
		words = words[1:]
	}
	o := new(etf.Order)
	o.Set(members)
	return o, words
}

func TestAppendJSONOrdered(t *testing.T) {
	names := func(n int) (up, down []etf.Member) {
		for i := range n {
			up = append(up, etf.Member{Name: fmt.Sprintf("k%02d", i)})
			down = append(down, etf.Member{Name: fmt.Sprintf("k%02d", n-1-i)})
		}
		return up, down
	}
	large := func(members []etf.Member) string {
		var text strings.Builder
		for _, m := range members {
			fmt.Fprintf(&text, `,"%s":%s`, m.Name, m.Name[1:])
		}
		return "{" + strings.ReplaceAll(text.String()[1:], ":0", ":") + "}"
	}
	up, down := names(40)
	descending := new(etf.Order)
	descending.Set(down)
	tests := []struct {
		name       string
		term, want string
		order      *etf.Order
	}{
		{"no order", `{"a":1,"b":2}`, `{"a":1,"b":2}`, nil},
		{"in order", `{"a":1,"b":2}`, `{"a":1,"b":2}`, order("a b")},
		{"backwards", `{"a":1,"b":2,"c":3}`, `{"c":3,"b":2,"a":1}`, order("c b a")},
		{"some are not there", `{"a":1,"c":2,"e":3}`, `{"e":3,"c":2,"a":1}`, order("f e d c b a")},
		{"some are not known", `{"a":1,"b":2,"c":3,"d":4}`, `{"c":3,"a":1,"b":2,"d":4}`, order("c a")},
		{"none is known", `{"a":1,"b":2}`, `{"a":1,"b":2}`, order("x y")},
		{"keys in no order", `{"d":1,"a":2,"c":3,"b":4}`, `{"b":4,"a":2,"d":1,"c":3}`, order("b a d c")},
		{"many keys", large(up), large(down), descending},
		{"nested", `{"a":{"x":1,"y":{"p":1,"q":2}},"b":{"x":1,"y":2}}`, `{"b":{"x":1,"y":2},"a":{"y":{"q":2,"p":1},"x":1}}`, order("b a{y{q p} x}")},
		{"list", `{"l":[{"a":1,"b":2},null,{"b":3},[{"a":4,"b":5}],{}],"k":1}`, `{"k":1,"l":[{"b":2,"a":1},null,{"b":3},[{"b":5,"a":4}],{}]}`, order("k l{b a}")},
		{"lists side by side", `{"a":[{"x":[{"p":1,"q":2}],"y":[{"p":3,"q":4},{"p":5,"q":6}]}],"b":[{"p":7,"q":8}]}`, `{"b":[{"q":8,"p":7}],"a":[{"y":[{"q":4,"p":3},{"q":6,"p":5}],"x":[{"q":2,"p":1}]}]}`, order("b{q p} a{y{q p} x{q p}}")},
		{"object at a leaf", `{"b":{"x":1,"y":[{"m":1,"l":2}]},"a":1}`, `{"a":1,"b":{"x":1,"y":[{"m":1,"l":2}]}}`, order("a b")},
		{"scalars where objects are expected", `{"a":1,"b":[],"c":null,"d":["x",1.5]}`, `{"d":["x",1.5],"c":null,"b":[],"a":1}`, order("d{x} c{x} b{x} a{x}")},
		{"name that is escaped", `{"\"":1,"a":2}`, `{"a":2,"\"":1}`, order("a")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			term, err := etf.AppendJSONTerm(nil, []byte(tt.term))
			if err != nil {
				t.Fatal(err)
			}
			got, err := etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), []byte("> "), tt.order, len(tt.want))
			if err != nil || string(got) != "> "+tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
			for max := range len(tt.want) {
				var e *etf.JSONSizeError
				if got, err := (etf.Term{Bytes: term}).AppendJSONOrdered(context.Background(), []byte("> "), tt.order, max); !errors.As(err, &e) || string(got) != "> " {
					t.Fatalf("within %d bytes: %s, %v", max, got, err)
				}
			}
		})
	}
}

// Some keys of an answer are atoms, in any encoding.
func TestAppendJSONOrderedAtoms(t *testing.T) {
	for name, tt := range map[string]struct{ hex, want string }{
		"atoms":                   {"7400000003 770161 6101 770162 6102 5200 6103", `{"first":3,"b":2,"a":1}`},
		"atoms and binaries":      {"7400000003 770161 6101 6d0000000162 6102 5200 6103", `{"first":3,"b":2,"a":1}`},
		"long and old atoms":      {"7400000002 76000161 6101 64000162 6102", `{"b":2,"a":1}`},
		"same key twice":          {"7400000003 770161 6101 6d0000000161 6102 770162 6103", `{"b":3,"a":1,"a":2}`},
		"number as a key":         {"7400000003 770161 6101 6105 6102 770162 6103", `{"a":1,"5":2,"b":3}`},
		"struct":                  {"7400000003 770161 6101 770a5f5f7374727563745f5f 770b456c697869722e44617465 770162 6102", ""},
		"member called a struct":  {"7400000003 770161 6101 6d0000000a5f5f7374727563745f5f 770163 770162 6102", `{"b":2,"a":1,"__struct__":"c"}`},
		"pid as a value":          {"7400000002 770161 6101 770162 58770161000000010000000200000003", ""},
		"cut short":               {"7400000002 770161 6101 770162", ""},
		"more after it":           {"7400000002 770161 6101 770162 6102 61", ""},
		"improper list":           {"7400000001 770164 6c00000001 6101 6102", ""},
		"list without its end":    {"7400000001 770164 6c00000001 6101 00", ""},
		"more members than bytes": {"7400ffffff 770161 6101", ""},
	} {
		t.Run(name, func(t *testing.T) {
			term := unhex(t, tt.hex)
			term.Atoms = []string{"first"}
			got, err := term.AppendJSONOrdered(context.Background(), nil, order("first b a d{x}"), 1000)
			if tt.want == "" {
				_, plain := term.AppendJSON(nil)
				if err == nil || plain == nil || err.Error() != plain.Error() {
					t.Errorf("%s, %v, want the error without an order: %v", got, err, plain)
				}
			} else if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// The contents of an unordered map do not affect later maps.
func TestAppendJSONOrderedKeepsAMap(t *testing.T) {
	inner := func(b []byte) []byte {
		b = etf.AppendMap(b, 2)
		b = etf.AppendInt(etf.AppendAtom(b, "p"), 1)
		return etf.AppendInt(etf.AppendAtom(b, "q"), 2)
	}
	b := etf.AppendMap(nil, 2)
	b = etf.AppendList(etf.AppendAtom(b, "a"), 2)
	b = etf.AppendMap(b, 2)
	b = inner(etf.AppendAtom(b, "x"))
	b = etf.AppendInt(etf.AppendInt(b, 5), 5) // a number as a key
	b = inner(etf.AppendAtom(etf.AppendMap(b, 1), "x"))
	b = inner(etf.AppendAtom(etf.AppendNil(b), "b"))
	got, err := etf.Term{Bytes: b}.AppendJSONOrdered(context.Background(), nil, order("b{q p} a{x{q p}}"), 1000)
	if want := `{"b":{"q":2,"p":1},"a":[{"x":{"p":1,"q":2},"5":5},{"x":{"q":2,"p":1}}]}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestAppendJSONOrderedByType(t *testing.T) {
	o := order("__typename x y Z")
	o.SetTypes("__typename", map[string]*etf.Order{"B": order("__typename y x"), "C": order("x{q p} __typename")})
	top := new(etf.Order)
	top.Set([]etf.Member{{Name: "l", Order: o}})
	term, err := etf.AppendJSONTerm(nil, []byte(`{"l":[
		{"__typename":"A","x":1,"y":2},
		{"__typename":"B","x":1,"y":2},
		{"__typename":"C","x":{"p":1,"q":2}},
		{"Z":1,"__typename":"B","x":1,"y":2},
		{"Z":[0],"__typename":"B","x":1,"y":2},
		{"__typename":null,"x":1,"y":2},
		{"x":1,"y":2}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"l":[` + strings.Join([]string{
		`{"__typename":"A","x":1,"y":2}`,
		`{"__typename":"B","y":2,"x":1}`,
		`{"x":{"q":2,"p":1},"__typename":"C"}`,
		`{"__typename":"B","y":2,"x":1,"Z":1}`,
		`{"__typename":"B","x":1,"y":2,"Z":[0]}`, // a list comes first
		`{"__typename":null,"x":1,"y":2}`,
		`{"x":1,"y":2}`,
	}, ",") + `]}`
	if got, err := (etf.Term{Bytes: term}).AppendJSONOrdered(context.Background(), nil, top, 1000); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
}

// An order may occur in itself. The depth of the term is the limit.
func TestAppendJSONOrderedDepth(t *testing.T) {
	o := new(etf.Order)
	o.Set([]etf.Member{{Name: "b"}, {Name: "a", Order: o}})
	for depth, fits := range map[int]bool{512: true, 513: false} {
		// Each level is a map and a list.
		term := []byte{byte(etf.TagNil)}
		for range depth {
			b := etf.AppendList(nil, 1)
			b = etf.AppendMap(b, 2)
			b = append(etf.AppendBinary(b, "a"), term...)
			b = etf.AppendInt(etf.AppendBinary(b, "b"), 1)
			term = etf.AppendNil(b)
		}
		got, err := etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), nil, o, 1<<20)
		if fits && string(got) != strings.Repeat(`[{"b":1,"a":`, depth)+"[]"+strings.Repeat("}]", depth) {
			t.Errorf("%d deep: %.100s, %v", depth, got, err)
		}
		var deep *etf.JSONError
		if !fits && !errors.As(err, &deep) {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}

func TestAppendJSONOrderedDepthOfLists(t *testing.T) {
	for depth, fits := range map[int]bool{1024: true, 1025: false} {
		term := append(bytes.Repeat([]byte{byte(etf.TagList), 0, 0, 0, 1}, depth-1), byte(etf.TagList), 0, 0, 0, 1, byte(etf.TagNil))
		term = append(term, bytes.Repeat([]byte{byte(etf.TagNil)}, depth)...)
		_, err := etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), nil, order("a"), 1<<20)
		if (err == nil) != fits {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}

// The output ends a little past the limit.
func TestAppendJSONOrderedStopsAtTheLimit(t *testing.T) {
	const n = 500_000
	empty := etf.AppendList(nil, n)
	for range n {
		empty = etf.AppendMap(empty, 0)
	}
	name := strings.Repeat("n", n)
	for what, tt := range map[string]struct{ term, order string }{
		"empty objects": {string(etf.AppendNil(empty)), "a"},
		"name":          {string(etf.AppendInt(etf.AppendBinary(etf.AppendMap(nil, 1), name), 1)), name},
	} {
		memory := make([]byte, 4*n)
		_, err := etf.Term{Bytes: []byte(tt.term)}.AppendJSONOrdered(context.Background(), memory[:0], order(tt.order), 10)
		if written := len(bytes.TrimRight(memory, "\x00")); err == nil || written > 300_000 {
			t.Errorf("%s: %d bytes, %v", what, written, err)
		}
	}
}

func TestAppendJSONOrderedPastItsMemory(t *testing.T) {
	const n = 400_000 // objects of two members, each of which needs one more
	b := etf.AppendList(nil, n)
	for range n {
		b = etf.AppendMap(b, 2)
		b = etf.AppendInt(etf.AppendBinary(b, "a"), 1)
		b = etf.AppendInt(etf.AppendBinary(b, "b"), 2)
	}
	got, err := etf.Term{Bytes: etf.AppendNil(b)}.AppendJSONOrdered(context.Background(), nil, order("b a"), 1<<30)
	if want := "[" + strings.Repeat(`,{"a":1,"b":2}`, n)[1:] + "]"; err != nil || string(got) != want {
		t.Errorf("%.100s, %v, want the order of the term", got, err)
	}
}

func TestAppendJSONOrderedGolden(t *testing.T) {
	o := order("errors{message locations{line column} path extensions} data{search{sku name id} session{user{name id email}}}")
	for _, c := range goldentest.Cases(t) {
		got, err := okResult(t, c.ResultETF).AppendJSONOrdered(context.Background(), nil, o, 1<<20)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		goldentest.CheckJSON(t, got, []byte(c.JSON))
		if strings.Contains(c.JSON, `"errors":`) && !strings.HasPrefix(string(got), `{"errors":[{"message":`) {
			t.Errorf("%s: %s", c.Name, got)
		}
	}
}

// Random terms in random orders have the same values.
func TestAppendJSONOrderedIsTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		term := randomTerm(rng, nil, 5)
		o := randomOrder(rng, 4)
		plain, err := etf.Term{Bytes: term}.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), nil, o, len(plain))
		if err != nil || len(got) != len(plain) {
			t.Fatalf("%s, %v, want %s", got, err, plain)
		}
		goldentest.CheckJSON(t, got, plain)
	}
}

func randomTerm(rng *rand.Rand, b []byte, depth int) []byte {
	switch kind := rng.IntN(6); {
	case depth == 0 || kind == 0:
		return etf.AppendInt(b, rng.Int64N(100_000))
	case kind == 1:
		return etf.AppendBinary(b, "x\n")
	case kind == 2:
		n := 1 + rng.IntN(4)
		b = etf.AppendList(b, n)
		for range n {
			b = randomTerm(rng, b, depth-1)
		}
		return etf.AppendNil(b)
	}
	n := rng.IntN(8)
	if rng.IntN(20) == 0 {
		n = 100
	}
	names := rng.Perm(2*n + 1)[:n]
	b = etf.AppendMap(b, n)
	for _, name := range names {
		if key := fmt.Sprint("k", name); rng.IntN(8) == 0 {
			b = etf.AppendAtom(b, key)
		} else {
			b = etf.AppendBinary(b, key)
		}
		b = randomTerm(rng, b, depth-1)
	}
	return b
}

func randomOrder(rng *rand.Rand, depth int) *etf.Order {
	if depth == 0 {
		return nil
	}
	var members []etf.Member
	for _, name := range rng.Perm(16)[:rng.IntN(16)] {
		members = append(members, etf.Member{Name: fmt.Sprint("k", name), Order: randomOrder(rng, depth-1-rng.IntN(2)*(depth-1))})
	}
	o := new(etf.Order)
	o.Set(members)
	return o
}

// An order changes nothing but the order, for any term.
func FuzzTermJSONOrdered(f *testing.F) {
	seedTerms(f)
	inner := order("c b a id name data errors message path locations extensions session user email")
	o := order("name id")
	o.Set([]etf.Member{{Name: "errors", Order: inner}, {Name: "name"}, {Name: "data", Order: o}, {Name: "session", Order: inner}, {Name: "a", Order: inner}})
	o.SetTypes("name", map[string]*etf.Order{"a": inner})
	f.Fuzz(func(t *testing.T, b []byte) {
		term := etf.Term{Bytes: b, Atoms: cached}
		plain, err := term.AppendJSON([]byte("> "))
		got, oerr := term.AppendJSONOrdered(context.Background(), []byte("> "), o, 1<<30)
		if (err == nil) != (oerr == nil) || len(got) != len(plain) || err != nil && err.Error() != oerr.Error() {
			t.Fatalf("%s, %v, without an order %s, %v", got, oerr, plain, err)
		}
		sameBytes(t, got, plain)
	})
}

// sameBytes checks that two texts have the same bytes in any order: values do not show
// duplicate members.
func sameBytes(t *testing.T, a, b []byte) {
	var counts [256]int
	for i := range a {
		counts[a[i]]++
		counts[b[i]]--
	}
	if counts != [256]int{} {
		t.Fatalf("%s is not made of %s", a, b)
	}
}

func TestAppendJSONOrderedAllocs(t *testing.T) {
	term := etf.Term{Bytes: parts(100)}
	o := order("updatedAt name sku id note price weight quantity active")
	dst := make([]byte, 0, 1<<20)
	// The pool may be emptied meanwhile, and drops a part with the race detector.
	low := math.Inf(1)
	for range 100 {
		low = min(low, testing.AllocsPerRun(1, func() {
			if _, err := term.AppendJSONOrdered(context.Background(), dst, o, 1<<20); err != nil {
				t.Fatal(err)
			}
		}))
	}
	if low > 0 {
		t.Errorf("%v allocations", low)
	}
}

// BenchmarkAppendJSONOrdered prints answers of some 200 B, 10 kB and 1 MB, nested four
// deep, in the order of the term, in an equal order, and in another.
func BenchmarkAppendJSONOrdered(b *testing.B) {
	const (
		same    = "active id name note price quantity sku updatedAt weight"
		another = "id sku name quantity weight price active note updatedAt"
	)
	for name, n := range map[string]int{"1_part": 1, "50_parts": 50, "5000_parts": 5000} {
		term := etf.AppendBinary(etf.AppendMap(etf.AppendAtom(etf.AppendMap(nil, 1), "data"), 1), "parts")
		term = append(term, sortedParts(n)...)
		for _, fields := range []string{"", same, another} {
			var o *etf.Order
			label := "term"
			if fields != "" {
				o, label = order("errors data{parts{"+fields+"}}"), map[string]string{same: "same", another: "another"}[fields]
			}
			b.Run(name+"/"+label, func(b *testing.B) {
				text, err := etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), nil, o, 1<<30)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					text, _ = etf.Term{Bytes: term}.AppendJSONOrdered(context.Background(), text[:0], o, 1<<30)
				}
			})
		}
	}
}

// sortedParts is parts with the members sorted, as a BEAM node has them.
func sortedParts(n int) []byte {
	b := etf.AppendList(nil, n)
	for i := range n {
		b = etf.AppendMap(b, 9)
		b = etf.AppendBool(etf.AppendBinary(b, "active"), i%2 == 0)
		b = etf.AppendBinary(etf.AppendBinary(b, "id"), fmt.Sprint("p", i))
		b = etf.AppendBinary(etf.AppendBinary(b, "name"), fmt.Sprintf("Hexagon bolt M%d, zinc plated", i%40))
		b = etf.AppendAtom(etf.AppendBinary(b, "note"), "nil")
		b = etf.AppendBinary(etf.AppendBinary(b, "price"), fmt.Sprintf("%d.%02d", i%500, i%100))
		b = etf.AppendInt(etf.AppendBinary(b, "quantity"), int64(i*37))
		b = etf.AppendBinary(etf.AppendBinary(b, "sku"), fmt.Sprintf("SKU-%06d", i))
		b = etf.AppendBinary(etf.AppendBinary(b, "updatedAt"), "2026-01-31T12:00:00.123456Z")
		b = etf.AppendFloat(etf.AppendBinary(b, "weight"), float64(i)/8)
	}
	return etf.AppendNil(b)
}
