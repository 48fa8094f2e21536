package schema

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestInternalNameIsThatOfAbsinthe(t *testing.T) {
	for line := range strings.Lines(read(t, "../testdata/contract/internal-names.txt")) {
		fields := strings.Fields(line)
		if got := internalName(fields[0]); got != fields[1] {
			t.Errorf("%s becomes %s, and %s with Absinthe", fields[0], got, fields[1])
		}
	}
}

// recordedName is the result of Absinthe for a document with a name in some spelling.
type recordedName struct {
	Role, Name, Query string
	Variables         json.RawMessage
	Accepted          bool
	Data              map[string]json.RawMessage
}

func recordedNames(t *testing.T) (all []recordedName) {
	t.Helper()
	f, err := os.Open("../testdata/contract/names.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r recordedName
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		t.Fatal("there are no recorded names")
	}
	return all
}

// Every part of the package identifies names like Absinthe.
func TestNamesAreTakenAsAbsintheTakesThem(t *testing.T) {
	s := contractSchema(t)
	canonical := map[string]string{"field": "manyWords", "argument": "snakeArg", "input field": "snakeCase"}
	for _, r := range recordedNames(t) {
		if !r.Accepted {
			continue
		}
		t.Run(r.Query, func(t *testing.T) {
			if errs := s.Validate(r.Query); len(errs) > 0 {
				t.Errorf("validation refuses what Absinthe runs: %v", errs)
			}
			if r.introspects() && !parse(r.Query).Operation("").Measures.Introspection {
				t.Error("measures miss an introspection that Absinthe answered")
			}
			if name := canonical[r.Role]; name != "" && laxName(r.Name) == laxName(name) {
				got := s.UsedPaths(r.Query, "")
				want := s.UsedPaths(strings.Replace(r.Query, r.Name, name, 1), "")
				if !slices.Equal(got, want) || len(got) == 0 {
					t.Errorf("used paths: %v, with %s: %v", got, name, want)
				}
			}
			if strings.Contains(r.Query, "{ hello @") {
				_, has := r.Data["hello"]
				testSkipped(t, r, !has)
			}
			if strings.Contains(r.Query, "... on Person") && r.Role == "field" {
				testTypename(t, r)
			}
		})
	}
}

// introspects reports whether Absinthe answered with introspection: then the answer has a
// key that is no field of the schema.
func (r recordedName) introspects() bool {
	for key := range r.Data {
		if strings.HasPrefix(key, "_") && !strings.HasSuffix(strings.ToLower(key), "typename") {
			return true
		}
	}
	return false
}

// testSkipped compares the place of a field that directives may omit, and that is repeated
// at the end, with what Absinthe did with the directives.
func testSkipped(t *testing.T, r recordedName, skipped bool) {
	document := strings.Replace(r.Query, "manyWords }", "manyWords hello }", 1)
	want := `{"data":{"hello":1,"manyWords":2}}`
	if skipped {
		want = `{"data":{"manyWords":2,"hello":1}}`
	}
	if got := orderedFor(t, document, "", string(r.Variables), `{"data":{"hello":1,"manyWords":2}}`); got != want {
		t.Errorf("order: %s of %s, want %s", got, document, want)
	}
}

// testTypename checks the order of a fragment on the object's own type.
func testTypename(t *testing.T, r recordedName) {
	being := `{"` + r.Name + `":"Robot","id":1,"name":2}`
	term, err := etf.AppendJSONTerm(nil, []byte(`{"data":{"being":`+being+`}}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := etf.Term{Bytes: term}.AppendJSONOrdered(t.Context(), nil, parse(r.Query).Operation("").Order(nil), 1<<20)
	if want := `{"data":{"being":{"` + r.Name + `":"Robot","name":2,"id":1}}}`; err != nil || string(got) != want {
		t.Errorf("order: %s, %v, want %s", got, err, want)
	}
}
