package schema

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// A schema comes from a node, which may tell anything. Reading one takes time that
// grows with the square of the longest lists in it, and with the cube of those of
// interfaces, as names are looked for one after the other. These bounds keep it within
// a second or so; schemas of thousands of types with tens of fields are far below.
const (
	maxText        = 8 << 20 // bytes
	maxDefinitions = 20_000
	maxWork        = 50_000_000
	interfaceWork  = 30 // of a pair of interfaces, in pairs of anything else
)

// checkSize refuses a schema that would take too long to read.
func checkSize(doc *ast.SchemaDocument) error {
	if n := len(doc.Definitions) + len(doc.Extensions) + len(doc.Directives); n > maxDefinitions {
		return fmt.Errorf("schema: %d types and directives, more than %d", n, maxDefinitions)
	}
	work := 0
	for _, list := range []ast.DefinitionList{doc.Definitions, doc.Extensions} {
		for _, def := range list {
			work += workOf(def)
			if work > maxWork {
				return fmt.Errorf("schema: the lists of fields, values, types and interfaces are too long, up to that of %s", def.Name)
			}
		}
	}
	for _, d := range doc.Directives {
		work += squared(len(d.Arguments)) + squared(len(d.Locations))
		if work > maxWork {
			return fmt.Errorf("schema: the list of arguments or locations of @%s is too long", d.Name)
		}
	}
	return nil
}

func workOf(def *ast.Definition) int {
	work := squared(len(def.Fields)) + squared(len(def.EnumValues)) + squared(len(def.Types)) + interfaceWork*squared(len(def.Interfaces))
	for _, f := range def.Fields {
		work += squared(len(f.Arguments))
	}
	return work
}

func squared(n int) int { return n * n }
