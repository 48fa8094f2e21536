package schema

import (
	"os"
	"strings"
	"testing"
)

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustLoad(t testing.TB, sdl string) *Schema {
	t.Helper()
	s, err := Load(sdl)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHashIsOfTheContractAlone(t *testing.T) {
	const sdl = `type Query { a(x: Int, y: Int = 1): E b: T } type T { c: Int } enum E { A B }`
	want := mustLoad(t, sdl).Hash()
	for name, test := range map[string]struct {
		sdl  string
		same bool
	}{
		"other order":         {`enum E { B A } type T { c: Int } type Query { b: T a(y: Int = 1, x: Int): E }`, true},
		"descriptions, space": {`"q" type Query { "a" a(x: Int, "y" y: Int = 1): E` + "\n" + ` b: T } type T { c: Int } enum E { A "b" B }`, true},
		"comment":             {sdl + " # nothing", true},
		"field":               {strings.Replace(sdl, "c: Int", "c: Int d: Int", 1), false},
		"type of a field":     {strings.Replace(sdl, "c: Int", "c: Int!", 1), false},
		"default":             {strings.Replace(sdl, "= 1", "= 2", 1), false},
		"enum value":          {strings.Replace(sdl, "A B", "A", 1), false},
		"deprecation":         {strings.Replace(sdl, "c: Int", "c: Int @deprecated", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mustLoad(t, test.sdl).Hash(); (got == want) != test.same {
				t.Errorf("%s: %s, and %s: %s", sdl, want, test.sdl, got)
			}
		})
	}
}

func TestLoadRefusesWhatIsNoSchema(t *testing.T) {
	for _, sdl := range []string{``, "# nothing\n", `type A { a: Int }`, `schema { mutation: M } type M { a: Int }`, `type Query {`, `type Query { a: Missing }`, `{ a }`} {
		if _, err := Load(sdl); err == nil {
			t.Errorf("%q is loaded", sdl)
		}
	}
}

// Introspection and SDL of a node give the same schema.
func TestFromIntrospection(t *testing.T) {
	introspection := []byte(read(t, "../testdata/golden/introspection.json"))
	got, err := FromNode("", introspection)
	if err != nil {
		t.Fatal(err)
	}
	want, err := FromNode(read(t, "../testdata/golden/schema.graphql"), introspection)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(want.SDL(), "limit: Int = 2") {
		t.Errorf("the default value that Absinthe does not print is missing in\n%s", want.SDL())
	}
	if got.Hash() != want.Hash() {
		a, _ := canonical(got.SDL())
		b, _ := canonical(want.SDL())
		t.Errorf("introspection gives\n%s\nwant\n%s", a, b)
	}
	if !strings.Contains(got.SDL(), "UTC") {
		t.Error("descriptions are lost")
	}
}

func TestFromIntrospectionRefusesOtherAnswers(t *testing.T) {
	for _, answer := range []string{``, `{}`, `{"data":null}`, `{"errors":[{"message":"no"}]}`, `{"data":{"__schema":{}}}`,
		`{"data":{"__schema":{"queryType":{},"types":[{"fields":[{"type":{"ofType":{}}}]}]}}}`,
		`{"data":{"__schema":{"queryType":{"name":"Q"},"types":[{"kind":"OBJECT","name":"Q","fields":[{"name":"a","type":{"kind":"NON_NULL"}}]}]}}}`} {
		if s, err := FromNode("", []byte(answer)); err == nil {
			t.Errorf("%s gives %s", answer, s.SDL())
		}
	}
}

// Absinthe does not escape quotation marks in descriptions. If its SDL is unreadable or
// misleading, introspection takes precedence.
func TestDescriptionsWithQuotationMarks(t *testing.T) {
	for name, want := range map[string]string{
		"descriptions": "{ color }\n",
		"phantom":      "type Phantom { a: Int }\n",
	} {
		sdl, introspection := read(t, "../testdata/contract/"+name+".graphql"), []byte(read(t, "../testdata/contract/"+name+".json"))
		s, err := FromNode(sdl, introspection)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		alone, err := FromNode("", introspection)
		if err != nil || s.Hash() != alone.Hash() {
			t.Errorf("%s: the schema is not the introspected one: %v", name, err)
		}
		if s.types.Types["Phantom"] != nil {
			t.Errorf("%s: a description became a type", name)
		}
		if !strings.Contains(s.SDL(), want) {
			t.Errorf("%s: the description is lost in\n%s", name, s.SDL())
		}
	}
}

// A description with characters that SDL does not allow costs the descriptions alone.
func TestDescriptionsThatNoSchemaCanHave(t *testing.T) {
	introspection := strings.Replace(read(t, "../testdata/contract/phantom.json"), "Such a definition", `Such\u0000`, 1)
	if s, err := FromNode("", []byte(introspection)); err != nil || s.types.Types["Part"] == nil {
		t.Error(err)
	}
}

// If both are readable, the SDL is kept and default values are added: introspection does
// not have all that is in the SDL.
func TestSDLIsKept(t *testing.T) {
	if s := contractSchema(t); !strings.Contains(s.SDL(), "repeatable") {
		t.Errorf("the schema is not the one that Absinthe printed:\n%s", s.SDL())
	}
}
