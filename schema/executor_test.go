package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"
)

// graphql-go implements CollectFields with types. Objects of A and B have the same fields.
const executed = `
	union U = A | B
	type A { x: Int! y: Int! z: Int! a: A! b: B! u: U! l: [U!]! }
	type B { x: Int! y: Int! z: Int! a: A! b: B! u: U! l: [U!]! }
	type Query { x: Int! y: Int! z: Int! a: A! b: B! u: U! l: [U!]! }`

type object struct{ isA bool }

func (o *object) X() int32             { return 1 }
func (o *object) Y() int32             { return 2 }
func (o *object) Z() int32             { return 3 }
func (o *object) A() *object           { return &object{true} }
func (o *object) B() *object           { return &object{false} }
func (o *object) U() *object           { return &object{!o.isA} }
func (o *object) L() []*object         { return []*object{{true}, {false}} }
func (o *object) ToA() (*object, bool) { return o, o.isA }
func (o *object) ToB() (*object, bool) { return o, !o.isA }

// orderedWriter writes random documents. Every selection set has __typename; variables may
// omit its other fields.
type orderedWriter struct {
	*rand.Rand
	fragments []string // type conditions
	texts     []string
	used      map[string]bool // variables
}

// selection writes a selection set for a type.
func (w *orderedWriter) selection(on string, depth int) string {
	var b strings.Builder
	typename := w.IntN(3)
	for i := range 3 + w.IntN(4) {
		if i == typename {
			b.WriteString(" __typename")
		}
		b.WriteString(" " + w.one(on, depth))
	}
	return "{" + b.String() + " }"
}

func (w *orderedWriter) one(on string, depth int) string {
	condition := on
	if on == "U" {
		condition = []string{"A", "B"}[w.IntN(2)]
	}
	switch kind := w.IntN(10); {
	case kind < 2 && depth > 0, on == "U" && kind < 8:
		if w.IntN(4) == 0 && condition == on {
			return "..." + w.condition() + " " + w.selection(on, depth-1)
		}
		return "... on " + condition + w.condition() + " " + w.selection(condition, depth-1)
	case kind < 4 && depth > 0:
		return "..." + w.fragment(condition, depth) + w.condition()
	case on == "U":
		return "__typename"
	case kind < 8 && depth > 0:
		name := []string{"a", "b", "u", "l"}[w.IntN(4)]
		return w.alias(name) + w.condition() + " " + w.selection(map[string]string{"a": "A", "b": "B", "u": "U", "l": "U"}[name], depth-1)
	}
	return w.alias([]string{"x", "y", "z"}[w.IntN(3)]) + w.condition()
}

// condition writes a directive or nothing.
func (w *orderedWriter) condition() string {
	if w.IntN(3) > 0 {
		return ""
	}
	value := []string{"$s", "$t", "$u", "true", "false"}[w.IntN(5)]
	if value[0] == '$' {
		w.used[value[1:]] = true
	}
	return " @" + []string{"skip", "include"}[w.IntN(2)] + "(if: " + value + ")"
}

// definitions writes the definitions of the variables. The default of u is true.
func (w *orderedWriter) definitions() string {
	text := ""
	for _, name := range []string{"s", "t", "u"} {
		if w.used[name] {
			text += " $" + name + ": Boolean" + map[bool]string{true: " = true", false: "!"}[name == "u"]
		}
	}
	if text == "" {
		return ""
	}
	return "query (" + text + " ) "
}

func (w *orderedWriter) alias(name string) string {
	if w.IntN(3) == 0 {
		return string(rune('c'+w.IntN(2))) + name + ": " + name
	}
	return name
}

// fragment writes a fragment, or returns the name of one written before.
func (w *orderedWriter) fragment(on string, depth int) string {
	for i, other := range w.fragments {
		if other == on && w.IntN(2) == 0 {
			return fmt.Sprintf("F%d", i)
		}
	}
	text := w.selection(on, depth-1) // before the fragment has a name: it cannot spread itself
	name := fmt.Sprintf("F%d", len(w.fragments))
	w.fragments = append(w.fragments, on)
	w.texts = append(w.texts, " fragment "+name+" on "+on+" "+text)
	return name
}

func TestOrderIsThatOfAnExecutor(t *testing.T) {
	server := graphql.MustParseSchema(executed, &object{true})
	w := &orderedWriter{Rand: rand.New(rand.NewPCG(3, 4))}
	for i := range 400 {
		w.fragments, w.texts, w.used = nil, nil, make(map[string]bool)
		document := w.selection("Query", 3)
		document = w.definitions() + document + strings.Join(w.texts, "")
		values := map[string]any{"s": i&1 != 0, "t": i&2 != 0}
		if i&4 != 0 {
			values["u"] = i&8 != 0
		}
		answer := server.Exec(context.Background(), document, "", values)
		if len(answer.Errors) > 0 {
			t.Fatalf("%s: %v", document, answer.Errors)
		}
		variables, _ := json.Marshal(values)
		want := `{"data":` + string(answer.Data) + `}`
		var v any
		if err := json.Unmarshal([]byte(want), &v); err != nil {
			t.Fatal(err)
		}
		sorted, _ := json.Marshal(v)
		if got := orderedFor(t, document, "", string(variables), string(sorted)); got != want {
			t.Fatalf("%s %s\ngot  %s\nwant %s", document, variables, got, want)
		}
	}
}
