package schema

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"
)

// Measures are the size of an operation. A fragment counts as often as it is spread,
// since Absinthe runs it that often. Numbers are capped at about a billion.
type Measures struct {
	// Fields is the number of fields.
	Fields int
	// Depth is the depth of nested fields: 1 for { a }.
	Depth int
	// Aliases is the number of fields whose response key is not their name.
	Aliases int
	// RootFields is the number of fields at the root of the operation.
	RootFields int
	// Directives is the number of directives.
	Directives int
	// Introspection reports whether the operation selects __schema or __type.
	Introspection bool
}

// maxMeasure caps each number, so that no sum of two overflows.
const maxMeasure = math.MaxInt32 / 2

// plus returns the measures of two sibling selections together.
func (m Measures) plus(o Measures) Measures {
	return Measures{
		Fields:        min(m.Fields+o.Fields, maxMeasure),
		Depth:         max(m.Depth, o.Depth),
		Aliases:       min(m.Aliases+o.Aliases, maxMeasure),
		RootFields:    min(m.RootFields+o.RootFields, maxMeasure),
		Directives:    min(m.Directives+o.Directives, maxMeasure),
		Introspection: m.Introspection || o.Introspection,
	}
}

func (m Measures) largest(o Measures) Measures {
	return Measures{
		Fields:        max(m.Fields, o.Fields),
		Depth:         max(m.Depth, o.Depth),
		Aliases:       max(m.Aliases, o.Aliases),
		RootFields:    max(m.RootFields, o.RootFields),
		Directives:    max(m.Directives, o.Directives),
		Introspection: m.Introspection || o.Introspection,
	}
}

// measurer measures the operations of a document, each fragment once.
type measurer struct {
	fragments map[string]*ast.FragmentDefinition
	measured  map[string]Measures
}

func newMeasurer(document *ast.QueryDocument) *measurer {
	return &measurer{fragmentsOf(document), make(map[string]Measures)}
}

func (m *measurer) operation(o *ast.OperationDefinition) Measures {
	sum := m.selections(o.SelectionSet).plus(Measures{Directives: len(o.Directives)})
	for _, v := range o.VariableDefinitions {
		sum.Directives += len(v.Directives)
	}
	return sum
}

// selections measures a selection set. Its own fields are the root fields.
func (m *measurer) selections(set ast.SelectionSet) (sum Measures) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			sum = sum.plus(m.field(s))
		case *ast.InlineFragment:
			sum = sum.plus(m.selections(s.SelectionSet))
			sum = sum.plus(Measures{Directives: len(s.Directives)})
		case *ast.FragmentSpread:
			sum = sum.plus(m.fragment(s.Name))
			sum = sum.plus(Measures{Directives: len(s.Directives)})
		}
	}
	return sum
}

func (m *measurer) field(f *ast.Field) Measures {
	sum := m.selections(f.SelectionSet)
	sum.Fields++
	sum.Depth++
	sum.RootFields = 1
	if f.Alias != f.Name {
		sum.Aliases++
	}
	sum.Directives += len(f.Directives)
	sum.Introspection = sum.Introspection || isIntrospection(f.Name)
	return sum
}

// fragment measures a fragment. A fragment that spreads itself counts once: Absinthe
// refuses it.
func (m *measurer) fragment(name string) Measures {
	sum, found := m.measured[name]
	if f := m.fragments[name]; !found && f != nil {
		m.measured[name] = Measures{}
		sum = m.selections(f.SelectionSet).plus(Measures{Directives: len(f.Directives)})
		m.measured[name] = sum
	}
	return sum
}
