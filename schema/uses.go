package schema

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// A Usage is a part of the schema that operations can use.
type Usage struct {
	// Path is Type.field, Type.field(argument:), Type.VALUE of an enum, or
	// Type.field of an input object, as in a [Change].
	Path       string `json:"path"`
	Deprecated bool   `json:"deprecated,omitempty"`
	Reason     string `json:"reason,omitempty"` // of the deprecation
}

// UsedPaths returns the paths that an operation of a document uses, sorted. Values of
// variables do not count. A name that no operation has stands for all of them.
func (s *Schema) UsedPaths(document, operation string) (paths []string) {
	defer beginParsing()()
	doc := parseCertain(document)
	if doc == nil {
		return nil
	}
	operations := doc.Operations
	if o := operations.ForName(operation); o != nil {
		operations = ast.OperationList{o}
	}
	for _, use := range s.uses(doc, operations) {
		paths = append(paths, use.Path)
	}
	return paths
}

// Paths returns all fields, arguments, input fields and enum values of the schema, sorted
// by path.
func (s *Schema) Paths() []Usage {
	u := usageCollector{found: make(map[string]Usage)}
	for _, def := range named(s.types) {
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			u.add(def.Name+"."+f.Name, f.Directives)
			for _, a := range f.Arguments {
				u.add(def.Name+"."+f.Name+"("+a.Name+":)", a.Directives)
			}
		}
		for _, v := range def.EnumValues {
			u.add(def.Name+"."+v.Name, v.Directives)
		}
	}
	return u.list()
}

func (s *Schema) uses(doc *ast.QueryDocument, operations ast.OperationList) []Usage {
	u := usageCollector{schema: s.types, fragments: fragmentsOf(doc), found: make(map[string]Usage)}
	for _, o := range operations {
		root := s.types.Query
		switch o.Operation {
		case ast.Mutation:
			root = s.types.Mutation
		case ast.Subscription:
			root = s.types.Subscription
		}
		u.selections(root, o.SelectionSet)
	}
	return u.list()
}

func (u *usageCollector) list() []Usage {
	return slices.SortedFunc(maps.Values(u.found), func(a, b Usage) int { return cmp.Compare(a.Path, b.Path) })
}

// usageCollector collects the usages of operations.
type usageCollector struct {
	schema    *ast.Schema
	fragments map[string]*ast.FragmentDefinition // not visited yet
	found     map[string]Usage
}

func (u *usageCollector) add(path string, directives ast.DirectiveList) {
	if _, known := u.found[path]; known {
		return
	}
	use := Usage{Path: path}
	if d := directives.ForName("deprecated"); d != nil {
		use.Deprecated = true
		if arg := d.Arguments.ForName("reason"); arg != nil {
			use.Reason = arg.Value.Raw
		}
	}
	u.found[path] = use
}

func (u *usageCollector) selections(def *ast.Definition, set ast.SelectionSet) {
	if def == nil {
		return
	}
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.field(def, s)
		case *ast.InlineFragment:
			on := def
			if s.TypeCondition != "" {
				on = u.schema.Types[s.TypeCondition]
			}
			u.selections(on, s.SelectionSet)
		case *ast.FragmentSpread:
			if f := u.fragments[s.Name]; f != nil {
				delete(u.fragments, s.Name)
				u.selections(u.schema.Types[f.TypeCondition], f.SelectionSet)
			}
		}
	}
}

func (u *usageCollector) field(def *ast.Definition, field *ast.Field) {
	f := fieldNamed(def.Fields, field.Name)
	if f == nil || def.BuiltIn || strings.HasPrefix(f.Name, "__") {
		return
	}
	path := def.Name + "." + f.Name
	u.add(path, f.Directives)
	for _, arg := range field.Arguments {
		if a := argumentNamed(f.Arguments, arg.Name); a != nil {
			u.add(path+"("+a.Name+":)", a.Directives)
			u.value(u.schema.Types[a.Type.Name()], arg.Value)
		}
	}
	u.selections(u.schema.Types[f.Type.Name()], field.SelectionSet)
}

func (u *usageCollector) value(def *ast.Definition, v *ast.Value) {
	switch {
	case def == nil || v == nil:
	case v.Kind == ast.ListValue:
		for _, child := range v.Children {
			u.value(def, child.Value)
		}
	case v.Kind == ast.EnumValue && def.Kind == ast.Enum:
		if e := def.EnumValues.ForName(v.Raw); e != nil {
			u.add(def.Name+"."+e.Name, e.Directives)
		}
	case v.Kind == ast.ObjectValue && def.Kind == ast.InputObject:
		for _, child := range v.Children {
			if f := fieldNamed(def.Fields, child.Name); f != nil {
				u.add(def.Name+"."+f.Name, f.Directives)
				u.value(u.schema.Types[f.Type.Name()], child.Value)
			}
		}
	}
}

// fieldNamed finds a field like Absinthe: by its exact name, or by one that differs in
// case and underscores.
func fieldNamed(fields ast.FieldList, name string) *ast.FieldDefinition {
	return find(fields, name, func(f *ast.FieldDefinition) string { return f.Name })
}

func argumentNamed(args ast.ArgumentDefinitionList, name string) *ast.ArgumentDefinition {
	return find(args, name, func(a *ast.ArgumentDefinition) string { return a.Name })
}

func find[T any](list []T, name string, nameOf func(T) string) (found T) {
	i := slices.IndexFunc(list, func(element T) bool { return nameOf(element) == name })
	if i < 0 {
		i = slices.IndexFunc(list, func(element T) bool { return laxName(nameOf(element)) == laxName(name) })
	}
	if i >= 0 {
		found = list[i]
	}
	return found
}
