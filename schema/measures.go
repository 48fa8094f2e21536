package schema

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"
)

// Measures say how large an operation is, before anything is known of what its
// resolvers cost. What a fragment has counts wherever it is spread: so often Absinthe
// runs it. No number is more than about a billion, however many there are.
type Measures struct {
	// Fields is how many fields there are.
	Fields int
	// Depth is how deep fields are nested; that of { a } is 1.
	Depth int
	// Aliases is how many fields have another response key than their name.
	Aliases int
	// RootFields is how many fields there are in the operation itself.
	RootFields int
	// Directives is how many directives there are, on whatever.
	Directives int
	// Introspection says whether __schema or __type is asked for.
	Introspection bool
}

// atMost is how far is counted. Two numbers within it can be added, and as many as
// a document has tokens.
const atMost = math.MaxInt32 / 2

// plus is what two parts side by side have together.
func (m Measures) plus(o Measures) Measures {
	return Measures{
		Fields:        min(m.Fields+o.Fields, atMost),
		Depth:         max(m.Depth, o.Depth),
		Aliases:       min(m.Aliases+o.Aliases, atMost),
		RootFields:    min(m.RootFields+o.RootFields, atMost),
		Directives:    min(m.Directives+o.Directives, atMost),
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

// measuring measures a document, each of its fragments once.
type measuring struct {
	fragments map[string]*ast.FragmentDefinition
	measured  map[string]Measures
}

func newMeasuring(document *ast.QueryDocument) *measuring {
	return &measuring{fragmentsOf(document), make(map[string]Measures)}
}

func (m *measuring) operation(o *ast.OperationDefinition) Measures {
	sum := m.selections(o.SelectionSet).plus(Measures{Directives: len(o.Directives)})
	for _, v := range o.VariableDefinitions {
		sum.Directives += len(v.Directives)
	}
	return sum
}

// selections measures a selection set; its own fields are the root fields.
func (m *measuring) selections(set ast.SelectionSet) (sum Measures) {
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

func (m *measuring) field(f *ast.Field) Measures {
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

// fragment measures a fragment. Within itself it has nothing: Absinthe refuses one
// that spreads itself.
func (m *measuring) fragment(name string) Measures {
	sum, found := m.measured[name]
	if f := m.fragments[name]; !found && f != nil {
		m.measured[name] = Measures{}
		sum = m.selections(f.SelectionSet).plus(Measures{Directives: len(f.Directives)})
		m.measured[name] = sum
	}
	return sum
}
