package schema

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// laxSchema is a schema in which names are replaced by their [laxName]. A document
// that does not fit it, its own names replaced likewise, fits with no adapter.
type laxSchema struct {
	*ast.Schema
	// ambiguous: some type has two fields, or some field two arguments, of which
	// the names became equal. Then nothing can be said of a document.
	ambiguous bool
	// defaults are all in the schema.
	defaults bool
}

// relax changes a schema, which is its own from now on.
func relax(s *ast.Schema, defaults bool) *laxSchema {
	lax := &laxSchema{Schema: s, defaults: defaults}
	for _, def := range s.Types {
		names := make(map[string]bool)
		for _, f := range def.Fields {
			lax.rename(&f.Name, names)
			lax.arguments(f.Arguments)
			if def.Kind == ast.InputObject {
				f.Type = lax.demanded(f.Type, f.Directives)
			}
		}
	}
	directives := make(map[string]*ast.DirectiveDefinition, len(s.Directives))
	names := make(map[string]bool)
	for _, d := range s.Directives {
		lax.rename(&d.Name, names)
		lax.arguments(d.Arguments)
		directives[d.Name] = d
	}
	s.Directives = directives
	return lax
}

func (l *laxSchema) rename(name *string, others map[string]bool) {
	*name = laxName(*name)
	if others[*name] {
		l.ambiguous = true
	}
	others[*name] = true
}

func (l *laxSchema) arguments(args ast.ArgumentDefinitionList) {
	names := make(map[string]bool)
	for _, a := range args {
		l.rename(&a.Name, names)
		a.Type = l.demanded(a.Type, a.Directives)
	}
}

// demanded is the type of an input, which Absinthe does not demand any more once
// it is deprecated, and which may have a default value unless all are known.
func (l *laxSchema) demanded(t *ast.Type, directives ast.DirectiveList) *ast.Type {
	if !t.NonNull || l.defaults && directives.ForName("deprecated") == nil {
		return t
	}
	optional := *t
	optional.NonNull = false
	return &optional
}

// relaxDocument makes the names of a document as those of a laxSchema are. Aliases,
// variables, fragments and operations keep theirs.
func relaxDocument(doc *ast.QueryDocument) {
	for _, o := range doc.Operations {
		relaxDirectives(o.Directives)
		for _, v := range o.VariableDefinitions {
			relaxValue(v.DefaultValue)
			relaxDirectives(v.Directives)
		}
		relaxSelections(o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		relaxDirectives(f.Directives)
		relaxSelections(f.SelectionSet)
	}
}

func relaxSelections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			s.Name = laxName(s.Name)
			relaxArguments(s.Arguments)
			relaxDirectives(s.Directives)
			relaxSelections(s.SelectionSet)
		case *ast.InlineFragment:
			relaxDirectives(s.Directives)
			relaxSelections(s.SelectionSet)
		case *ast.FragmentSpread:
			relaxDirectives(s.Directives)
		}
	}
}

func relaxDirectives(directives ast.DirectiveList) {
	for _, d := range directives {
		d.Name = laxName(d.Name)
		relaxArguments(d.Arguments)
	}
}

func relaxArguments(args ast.ArgumentList) {
	for _, a := range args {
		a.Name = laxName(a.Name)
		relaxValue(a.Value)
	}
}

func relaxValue(v *ast.Value) {
	if v == nil {
		return
	}
	for _, child := range v.Children {
		if v.Kind == ast.ObjectValue {
			child.Name = laxName(child.Name)
		}
		relaxValue(child.Value)
	}
}
