package schema

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// laxSchema is a schema whose names are replaced by their [laxName]. A document whose
// names are replaced likewise, and that is invalid for it, is invalid with every adapter.
type laxSchema struct {
	*ast.Schema
	// ambiguous reports that two fields of a type, or two arguments of a field, have
	// equal names. No document can be called invalid then.
	ambiguous bool
	// defaultsKnown reports that the schema has all default values.
	defaultsKnown bool
}

func relax(s *ast.Schema, defaultsKnown bool) *laxSchema {
	lax := &laxSchema{Schema: s, defaultsKnown: defaultsKnown}
	for _, def := range s.Types {
		names := make(map[string]bool)
		for _, f := range def.Fields {
			lax.rename(&f.Name, names)
			lax.arguments(f.Arguments)
			if def.Kind == ast.InputObject {
				f.Type = lax.inputType(f.Type, f.Directives)
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

func (l *laxSchema) rename(name *string, names map[string]bool) {
	*name = laxName(*name)
	if names[*name] {
		l.ambiguous = true
	}
	names[*name] = true
}

func (l *laxSchema) arguments(args ast.ArgumentDefinitionList) {
	names := make(map[string]bool)
	for _, a := range args {
		l.rename(&a.Name, names)
		a.Type = l.inputType(a.Type, a.Directives)
	}
}

// inputType returns the type of an input, nullable if the input may be omitted: Absinthe
// does not require deprecated inputs, nor inputs with a default value, which may be
// unknown.
func (l *laxSchema) inputType(t *ast.Type, directives ast.DirectiveList) *ast.Type {
	if !t.NonNull || l.defaultsKnown && directives.ForName("deprecated") == nil {
		return t
	}
	optional := *t
	optional.NonNull = false
	return &optional
}

// relaxDocument replaces the names of a document by their [laxName], except for those of
// aliases, variables, fragments and operations.
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
