package schema

import "github.com/vektah/gqlparser/v2/ast"

// A walker visits the fields of selections in the order of the document, those of fragments
// where they are spread. It skips selections that directives omit.
type walker struct {
	*orderBuilder
	typeName string // empty: all fragments apply
	// visit gets a field, whether it applies to the type, and the variables that may
	// omit it.
	visit     func(f *ast.Field, applies bool, pending variableSet)
	condition func(typeName string) // gets the type conditions of fragments
	spreads   map[spread]variableSet
}

type spread struct {
	name    string
	applies bool
}

func (b *orderBuilder) walk(sets []ast.SelectionSet, typeName string, visit func(f *ast.Field, applies bool, pending variableSet), condition func(typeName string)) {
	w := &walker{b, typeName, visit, condition, make(map[spread]variableSet)}
	for _, set := range sets {
		w.selections(set, true, 0)
	}
}

func (w *walker) selections(set ast.SelectionSet, applies bool, pending variableSet) {
	for _, selection := range set {
		if w.steps--; w.steps < 0 {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			w.steps -= len(s.Alias) / 16
			if own, omitted := w.evaluate(s.Directives); !omitted {
				w.visit(s, applies, pending|own)
			}
		case *ast.InlineFragment:
			if own, omitted := w.evaluate(s.Directives); !omitted {
				w.fragment(s.SelectionSet, s.TypeCondition, applies, pending|own)
			}
		case *ast.FragmentSpread:
			if own, omitted := w.evaluate(s.Directives); !omitted {
				w.spread(s.Name, applies, pending|own)
			}
		}
	}
}

// fragment visits a fragment. It applies if the type is its condition, or if it has no
// condition and its parent applies.
func (w *walker) fragment(set ast.SelectionSet, condition string, applies bool, pending variableSet) {
	if condition != "" {
		applies = w.typeName == "" || condition == w.typeName
		w.condition(condition)
	}
	w.selections(set, applies, pending)
}

// spread visits a fragment where it is spread first.
func (w *walker) spread(name string, applies bool, pending variableSet) {
	f := w.fragments[name]
	if f == nil {
		return
	}
	key := spread{name, applies}
	former, again := w.spreads[key]
	switch {
	case !again:
		w.spreads[key] = pending
		w.fragment(f.SelectionSet, f.TypeCondition, applies, pending)
	case former != 0: // if the former spread is omitted, its fields are here
		w.deciding |= former | pending
	}
}
