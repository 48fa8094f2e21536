package schema

import (
	"fmt"
	"strings"
	"testing"
)

// lines repeats a format with numbers from 0 to n-1.
func lines(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// A schema that takes long to read is refused at once; one with thousands of types is not.
func TestSchemasThatAreTooLarge(t *testing.T) {
	const query = "type Query { a: Int }\n"
	for name, c := range map[string]struct {
		schema func(n int) string
		fits   int
		not    int
		reason string
	}{
		"types":      {func(n int) string { return query + lines(n, "type T%d { a: Int }\n") }, 10_000, 20_000, "20001 types and directives"},
		"directives": {func(n int) string { return query + lines(n, "directive @d%d on FIELD\n") }, 5000, 20_000, "20001 types and directives"},
		"fields":     {func(n int) string { return "type Query {\n" + lines(n, "f%d: Int\n") + "}" }, 3000, 8000, "up to that of Query"},
		"arguments":  {func(n int) string { return "type Query { a(\n" + lines(n, "f%d: Int\n") + "): Int }" }, 3000, 8000, "up to that of Query"},
		"values":     {func(n int) string { return query + "enum E {\n" + lines(n, "F%d\n") + "}" }, 3000, 8000, "up to that of E"},
		"members":    {func(n int) string { return query + "union U = Query" + strings.Repeat("|Query", n) }, 0, 8000, "up to that of U"},
		"locations":  {func(n int) string { return query + "directive @d on FIELD" + strings.Repeat("|FIELD", n) }, 10, 8000, "of @d is too long"},
		"interfaces of interfaces": {func(n int) string {
			text := query
			for i := range n {
				text += fmt.Sprintf("interface I%d ", i)
				if i > 0 {
					text += "implements " + strings.TrimPrefix(lines(i, "&I%d"), "&")
				}
				text += " { a: Int }\n"
			}
			return text
		}, 100, 300, "up to that of I"},
		"bytes": {func(n int) string { return query + `"` + strings.Repeat("x", n) + `" scalar S` }, 1 << 20, 9 << 20, "bytes are more than"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := FromNode(c.schema(c.fits), nil); err != nil {
				t.Errorf("%d: %.200v", c.fits, err)
			}
			if _, err := FromNode(c.schema(c.not), nil); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("%d: %.200v, want %s", c.not, err, c.reason)
			}
		})
	}
}

func TestIntrospectionThatIsTooLarge(t *testing.T) {
	answer := func(n int) []byte {
		fields := strings.TrimSuffix(lines(n, `{"name":"f%d","args":[],"type":{"kind":"SCALAR","name":"Int"}},`), ",")
		return []byte(`{"data":{"__schema":{"queryType":{"name":"Query"},"directives":[],"types":[{"kind":"OBJECT","name":"Query","fields":[` + fields + `],"interfaces":[]}]}}}`)
	}
	if _, err := FromNode("", answer(3000)); err != nil {
		t.Error(err)
	}
	for _, sdl := range []string{"", "type Query { f0: Int }"} {
		s, err := FromNode(sdl, answer(8000))
		if sdl == "" && (err == nil || !strings.Contains(err.Error(), "too long")) {
			t.Errorf("%v", err)
		}
		if sdl != "" && (err != nil || s == nil) { // the SDL alone suffices
			t.Errorf("beside the SDL: %v", err)
		}
	}
}
