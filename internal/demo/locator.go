package demo

import (
	gqlerrors "github.com/graph-gophers/graphql-go/errors"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// A locator finds the fields of an operation in its document.
type locator struct {
	document *ast.QueryDocument
	root     ast.SelectionSet
}

// newLocator returns a locator for a valid document, whose fragments exist and
// have no cycles.
func newLocator(document, operation string) locator {
	doc, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		return locator{}
	}
	op := doc.Operations.ForName(operation)
	if op == nil {
		return locator{}
	}
	return locator{document: doc, root: op.SelectionSet}
}

// locate returns the location of the field at a path of the response. For a
// field that occurs several times it is the first location. It returns nil if
// there is no such field.
func (l locator) locate(path []any) []gqlerrors.Location {
	sets := []ast.SelectionSet{l.root}
	var fields []*ast.Field
	for _, segment := range path {
		key, isKey := segment.(string)
		if !isKey {
			continue // an index: list elements share the field
		}
		fields = fields[:0]
		for _, set := range sets {
			fields = l.appendFields(fields, set, key)
		}
		sets = sets[:0]
		for _, field := range fields {
			sets = append(sets, field.SelectionSet)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	at := fields[0].Position
	return []gqlerrors.Location{{Line: at.Line, Column: at.Column}}
}

// appendFields appends the fields of set, and of its fragments, that have this
// response key.
func (l locator) appendFields(fields []*ast.Field, set ast.SelectionSet, key string) []*ast.Field {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Alias == key { // without an alias, Alias is the name
				fields = append(fields, s)
			}
		case *ast.InlineFragment:
			fields = l.appendFields(fields, s.SelectionSet, key)
		case *ast.FragmentSpread:
			if fragment := l.document.Fragments.ForName(s.Name); fragment != nil {
				fields = l.appendFields(fields, fragment.SelectionSet, key)
			}
		}
	}
	return fields
}
