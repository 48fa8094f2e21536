package schema

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// Bounds on schemas, which come from untrusted nodes. The parser searches lists linearly:
// reading takes time quadratic in the longest list, and cubic in lists of interfaces.
// The bounds keep it to about a second. Schemas of thousands of types with tens of fields
// are far below them.
const (
	maxSDLBytes    = 8 << 20 // bytes
	maxDefinitions = 20_000
	maxWork        = 50_000_000
	interfaceWork  = 30 // factor for pairs of interfaces
)

// checkSize refuses a schema that would take too long to read.
func checkSize(doc *ast.SchemaDocument) error {
	if n := len(doc.Definitions) + len(doc.Extensions) + len(doc.Directives); n > maxDefinitions {
		return fmt.Errorf("schema: %d types and directives are more than %d", n, maxDefinitions)
	}
	total := 0
	for _, list := range []ast.DefinitionList{doc.Definitions, doc.Extensions} {
		for _, def := range list {
			total += work(def)
			if total > maxWork {
				return fmt.Errorf("schema: the lists of fields, values, types and interfaces are too long, up to that of %s", def.Name)
			}
		}
	}
	for _, d := range doc.Directives {
		total += squared(len(d.Arguments)) + squared(len(d.Locations))
		if total > maxWork {
			return fmt.Errorf("schema: the list of arguments or locations of @%s is too long", d.Name)
		}
	}
	return nil
}

func work(def *ast.Definition) int {
	work := squared(len(def.Fields)) + squared(len(def.EnumValues)) + squared(len(def.Types)) + interfaceWork*squared(len(def.Interfaces))
	for _, f := range def.Fields {
		work += squared(len(f.Arguments))
	}
	return work
}

func squared(n int) int { return n * n }
