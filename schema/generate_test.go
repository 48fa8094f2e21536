package schema

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// writer writes random documents for a schema. Most are valid but for a few errors that
// Absinthe may or may not notice.
type writer struct {
	*rand.Rand
	schema    *ast.Schema
	wrong     float64 // frequency of errors
	variables []string
	given     map[string]any
	fragments []string
}

func (w *writer) chance(p float64) bool { return w.Float64() < p }

func (w *writer) slip() bool { return w.chance(w.wrong) }

func pick[T any](w *writer, list ...T) T { return list[w.IntN(len(list))] }

func (w *writer) document() string {
	w.variables, w.fragments, w.given = nil, nil, make(map[string]any)
	kind, root := "query", w.schema.Query
	if w.chance(0.1) {
		kind, root = "mutation", w.schema.Mutation
	}
	body := w.selection(root, 3)
	var text strings.Builder
	text.WriteString(kind)
	if w.chance(0.3) {
		text.WriteString(" A")
	}
	if w.slip() {
		w.variables = append(w.variables, "$unused: Int")
	}
	if len(w.variables) > 0 {
		fmt.Fprintf(&text, "(%s)", strings.Join(w.variables, ", "))
	}
	text.WriteString(w.directives() + body)
	for _, f := range w.fragments {
		text.WriteString(" " + f)
	}
	if w.slip() {
		text.WriteString(pick(w, " query B { hello }", " fragment Unused on Person { id }", " { hello }", " query B($x: Int) { echo(s: $x) }"))
	}
	return text.String()
}

func (w *writer) selection(def *ast.Definition, depth int) string {
	var parts []string
	for range 1 + w.IntN(3) {
		switch {
		case w.chance(0.15) && depth > 0:
			parts = append(parts, "... "+pick(w, "", "on "+w.composite(def))+w.directives()+w.selection(def, depth-1))
		case w.chance(0.15) && depth > 0:
			parts = append(parts, w.spread(def, depth))
		default:
			parts = append(parts, w.field(def, depth))
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}

// composite returns a type condition for a fragment in def.
func (w *writer) composite(def *ast.Definition) string {
	names := []string{def.Name}
	for _, d := range w.schema.Implements[def.Name] {
		names = append(names, d.Name)
	}
	for _, d := range w.schema.PossibleTypes[def.Name] {
		names = append(names, d.Name)
	}
	if w.slip() {
		names = []string{"City", "Nope", "String", "Filter", "Color", "Lonely"}
	}
	return pick(w, names...)
}

func (w *writer) spread(def *ast.Definition, depth int) string {
	name := fmt.Sprintf("F%d", len(w.fragments))
	w.fragments = append(w.fragments, "")
	at := len(w.fragments) - 1
	on := w.composite(def)
	of := w.schema.Types[on]
	if of == nil || !of.IsCompositeType() {
		of = def
	}
	w.fragments[at] = "fragment " + name + " on " + on + w.directives() + w.selection(of, depth-1)
	if w.slip() {
		name = pick(w, "F0", "Nope")
	}
	return "..." + name + w.directives()
}

func (w *writer) field(def *ast.Definition, depth int) string {
	var fields ast.FieldList
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") || depth == 0 && w.schema.Types[f.Type.Name()].IsCompositeType() {
			continue
		}
		fields = append(fields, f)
	}
	if len(fields) == 0 || w.chance(0.05) {
		return w.name("__typename")
	}
	f := pick(w, fields...)
	text := w.name(f.Name)
	if w.chance(0.1) {
		text = pick(w, "a", "b") + ": " + text
	}
	var args []string
	for _, a := range f.Arguments {
		required := a.Type.NonNull && a.DefaultValue == nil
		if w.chance(0.3) || required && !w.slip() {
			args = append(args, w.name(a.Name)+": "+w.value(a.Type, 3))
		}
	}
	if w.slip() {
		args = append(args, pick(w, "nope: 1", "id: 1", "s: \"x\""))
	}
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	text += w.directives()
	if t := w.schema.Types[f.Type.Name()]; t.IsCompositeType() != w.slip() {
		if !t.IsCompositeType() {
			t = def
		}
		text += w.selection(t, max(depth-1, 0))
	}
	return text
}

// name writes a name as it is or in another case.
func (w *writer) name(name string) string {
	if !w.slip() {
		return name
	}
	var snake strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			snake.WriteByte('_')
		}
		snake.WriteString(strings.ToLower(string(c)))
	}
	if word, builtIn := strings.CutPrefix(name, "__"); builtIn {
		return pick(w, "__", "_", "___") + w.name(word)
	}
	return pick(w, snake.String(), strings.ToUpper(name[:1])+name[1:], strings.ToUpper(name), "_"+name, name+"x", strings.ToLower(name))
}

func (w *writer) directives() string {
	if !w.chance(0.1) {
		return ""
	}
	if w.slip() {
		return pick(w, " @nope", " @skip", " @tag(name: 1)", " @skip(if: true) @skip(if: true)", " @deprecated", " @Skip(if: true)", " @shout(nope: 1)", " @tag(name: \"a\")", " @shout")
	}
	condition := w.name("if") + ": " + pick(w, "true", "false", w.value(ast.NonNullNamedType("Boolean", nil), 0))
	if w.slip() {
		condition += pick(w, ", If: true", ", i_f: false", ", nope: 1")
	}
	return " @" + w.name(pick(w, "skip", "include")) + "(" + condition + ")"
}

func (w *writer) value(t *ast.Type, depth int) string {
	if w.chance(0.2) {
		return w.variable(t)
	}
	if w.slip() {
		return pick(w, "null", "1", "1.5", `"text"`, "true", "RED", "NOPE", "[]", "{}", "[1]", `{name: "a"}`, "{nope: 1}", "99999999999", `["a", null]`, "[[RED]]", "$nope", "99999999999999999999")
	}
	if !t.NonNull && w.chance(0.05) {
		return "null"
	}
	if t.Elem != nil {
		if w.chance(0.3) {
			return w.value(t.Elem, depth)
		}
		var items []string
		for range w.IntN(3) {
			items = append(items, w.value(t.Elem, depth))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	def := w.schema.Types[t.NamedType]
	switch {
	case def.Kind == ast.Enum:
		return pick(w, def.EnumValues...).Name
	case def.Kind == ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			required := f.Type.NonNull && f.DefaultValue == nil
			if depth > 0 && w.chance(0.15) || required && !w.slip() {
				fields = append(fields, w.name(f.Name)+": "+w.value(f.Type, depth-1))
			}
		}
		if w.slip() {
			fields = append(fields, pick(w, "nope: 1", `name: "twice"`, "n: 1"))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	switch t.NamedType {
	case "Int":
		return pick(w, "0", "-7", "12345678901")
	case "Float":
		return pick(w, "1", "1.5", "-2e10")
	case "Boolean":
		return pick(w, "true", "false")
	case "ID":
		return pick(w, "1", `"a"`)
	case "Json":
		return pick(w, `{a: 1}`, `"a"`, "1", `{a: {b: [1, {c: null}]}}`)
	}
	return pick(w, `"text"`, `""`, `"""block"""`)
}

// variable defines a variable of about the right type.
func (w *writer) variable(t *ast.Type) string {
	name := fmt.Sprintf("v%d", len(w.variables))
	of := *t
	if w.chance(0.3) {
		of.NonNull = !of.NonNull
	}
	if w.slip() {
		of = *pick(w, ast.NamedType("String", nil), ast.NamedType("Int", nil), ast.ListType(t, nil), ast.NonNullNamedType(t.Name(), nil), ast.NamedType("Person", nil), ast.NamedType("Nope", nil))
	}
	definition := "$" + name + ": " + of.String()
	w.variables = append(w.variables, "")
	at := len(w.variables) - 1
	if w.chance(0.3) {
		definition += " = " + strings.ReplaceAll(w.constant(t), "$", "")
	}
	w.variables[at] = definition
	if w.chance(0.7) || of.NonNull {
		w.given[name] = w.json(t)
	}
	return "$" + name
}

// constant returns a value without variables.
func (w *writer) constant(t *ast.Type) string {
	c := &writer{Rand: w.Rand, schema: w.schema, wrong: w.wrong}
	for {
		c.variables, c.given = nil, make(map[string]any)
		if text := c.value(t, 1); len(c.variables) == 0 {
			return text
		}
	}
}

// json returns a valid value of a variable.
func (w *writer) json(t *ast.Type) any {
	if t.Elem != nil {
		return []any{w.json(t.Elem)}
	}
	def := w.schema.Types[t.NamedType]
	switch {
	case def.Kind == ast.Enum:
		return "RED"
	case def.Kind == ast.InputObject:
		object := make(map[string]any)
		for _, f := range def.Fields {
			if f.Type.NonNull {
				object[f.Name] = w.json(f.Type)
			}
		}
		return object
	}
	switch t.NamedType {
	case "Int", "Float":
		return 1
	case "Boolean":
		return true
	}
	return "text"
}

// TestWriteDocuments writes documents for testdata/contract/record.exs:
//
//	DOCUMENTS=10000 SEED=1 go test -v -run TestWriteDocuments ./schema | grep '^{' >documents.jsonl
func TestWriteDocuments(t *testing.T) {
	count, _ := strconv.Atoi(os.Getenv("DOCUMENTS"))
	seed, _ := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	file := os.Stdout
	if count == 0 { // test the writer at least
		count = 100
		file, _ = os.Open(os.DevNull)
		defer file.Close()
	}
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 0)), schema: contractSchema(t).types}
	for i := range count {
		w.wrong = []float64{0, 0.01, 0.03, 0.1}[i%4]
		query := w.document()
		line, err := json.Marshal(map[string]any{"name": fmt.Sprintf("random %d/%d", seed, i), "query": query, "variables": w.given})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(file, "%s\n", line)
	}
}
