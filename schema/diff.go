package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Severity is what a change means to those who ask.
type Severity string

// Severities, the worst first.
const (
	Breaking  Severity = "breaking"  // operations that were valid may be refused, or get what they cannot read
	Dangerous Severity = "dangerous" // they stay valid, but clients may meet what they did not expect
	Safe      Severity = "safe"
)

// A Change is one difference between two schemas.
type Change struct {
	Severity Severity `json:"severity"`
	// Kind names the sort of change: FIELD_REMOVED. Where graphql-js has the
	// same, in findBreakingChanges and findDangerousChanges, it is called as there.
	Kind string `json:"kind"`
	// Path is where: Type, Type.field, Type.field(argument:), Type.VALUE,
	// @directive or @directive(argument:).
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Diff returns what is different in a new schema: what breaks first, and within a
// severity by path. Descriptions and the order of things do not count.
func Diff(former, next *Schema) []Change {
	d := differences{former: former.types, next: next.types}
	d.roots()
	each(named(d.former), named(d.next), d.removedType, d.addedType, d.definition)
	each(d.former.Directives, d.next.Directives, d.removedDirective, d.addedDirective, d.directive)
	order := []Severity{Breaking, Dangerous, Safe}
	slices.SortStableFunc(d.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity)), cmp.Compare(a.Path, b.Path))
	})
	return d.changes
}

// Summary names changes in one short line: what was added, removed and changed.
func Summary(changes []Change, most int) string {
	paths := make(map[string][]string)
	seen := make(map[[2]string]bool)
	for _, c := range changes {
		how := "changed"
		switch {
		case strings.HasSuffix(c.Kind, "_REMOVED") || strings.HasPrefix(c.Kind, "TYPE_REMOVED"):
			how = "removed"
		case strings.HasSuffix(c.Kind, "_ADDED") || strings.HasSuffix(c.Kind, "_ADDED_TO_ENUM") || strings.HasSuffix(c.Kind, "_ADDED_TO_UNION"):
			how = "added"
		}
		if change := [2]string{how, c.Path}; !seen[change] {
			seen[change] = true
			paths[how] = append(paths[how], c.Path)
		}
	}
	var parts []string
	for _, how := range []string{"removed", "changed", "added"} {
		list := paths[how]
		if len(list) == 0 {
			continue
		}
		more := ""
		if len(list) > most {
			more = fmt.Sprintf(" and %d more", len(list)-most)
			list = list[:most]
		}
		parts = append(parts, how+" "+strings.Join(list, ", ")+more)
	}
	return strings.Join(parts, "; ")
}

type differences struct {
	former, next *ast.Schema
	changes      []Change
}

func (d *differences) note(s Severity, kind, path, format string, args ...any) {
	d.changes = append(d.changes, Change{s, kind, path, fmt.Sprintf(format, args...)})
}

// each tells what only former has, what only next has, and what both have, in the
// order of names.
func each[T any](former, next map[string]T, removed, added func(T), both func(was, is T)) {
	for _, name := range slices.Sorted(maps.Keys(former)) {
		if is, kept := next[name]; kept {
			both(former[name], is)
		} else {
			removed(former[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		if _, was := former[name]; !was {
			added(next[name])
		}
	}
}

// named returns the types that are the schema's own.
func named(s *ast.Schema) map[string]*ast.Definition {
	types := make(map[string]*ast.Definition)
	for name, def := range s.Types {
		if !def.BuiltIn {
			types[name] = def
		}
	}
	return types
}

func (d *differences) roots() {
	for _, root := range []struct {
		operation string
		was, is   *ast.Definition
	}{
		{"query", d.former.Query, d.next.Query},
		{"mutation", d.former.Mutation, d.next.Mutation},
		{"subscription", d.former.Subscription, d.next.Subscription},
	} {
		switch {
		case root.was != nil && root.is == nil:
			d.note(Breaking, "ROOT_REMOVED", root.was.Name, "There is no %s any more; it was %s.", root.operation, root.was.Name)
		case root.was == nil && root.is != nil:
			d.note(Safe, "ROOT_ADDED", root.is.Name, "There is a %s, %s.", root.operation, root.is.Name)
		case root.was != nil && root.was.Name != root.is.Name:
			d.note(Safe, "ROOT_CHANGED", root.is.Name, "The %s is %s and was %s.", root.operation, root.is.Name, root.was.Name)
			// What was asked of the one is asked of the other now.
			d.fields(&ast.Definition{Kind: ast.Object, Name: root.is.Name, Fields: root.was.Fields}, root.is)
		}
	}
}

func (d *differences) removedType(t *ast.Definition) {
	d.note(Breaking, "TYPE_REMOVED", t.Name, "%s was removed.", t.Name)
}

func (d *differences) addedType(t *ast.Definition) {
	d.note(Safe, "TYPE_ADDED", t.Name, "%s was added.", t.Name)
}

func (d *differences) definition(was, is *ast.Definition) {
	if was.Kind != is.Kind {
		d.note(Breaking, "TYPE_CHANGED_KIND", is.Name, "%s is %s and was %s.", is.Name, kindName(is.Kind), kindName(was.Kind))
		return
	}
	switch is.Kind {
	case ast.Enum:
		d.enum(was, is)
	case ast.Union:
		d.union(was, is)
	case ast.InputObject:
		d.input(was, is)
	case ast.Object, ast.Interface:
		d.interfaces(was, is)
		d.fields(was, is)
	}
}

func kindName(k ast.DefinitionKind) string {
	article := "a "
	if k == ast.Object || k == ast.Interface || k == ast.Enum || k == ast.InputObject {
		article = "an "
	}
	return article + strings.ToLower(strings.ReplaceAll(string(k), "_", " "))
}

func (d *differences) enum(was, is *ast.Definition) {
	values := func(def *ast.Definition) map[string]*ast.EnumValueDefinition {
		m := make(map[string]*ast.EnumValueDefinition)
		for _, v := range def.EnumValues {
			m[v.Name] = v
		}
		return m
	}
	path := func(v *ast.EnumValueDefinition) string { return is.Name + "." + v.Name }
	each(values(was), values(is),
		func(v *ast.EnumValueDefinition) {
			d.note(Breaking, "VALUE_REMOVED_FROM_ENUM", path(v), "%s was removed.", path(v))
		},
		func(v *ast.EnumValueDefinition) {
			d.note(Dangerous, "VALUE_ADDED_TO_ENUM", path(v), "%s was added.", path(v))
		},
		func(a, b *ast.EnumValueDefinition) { d.deprecation(path(b), a.Directives, b.Directives) })
}

func (d *differences) union(was, is *ast.Definition) {
	for _, t := range was.Types {
		if !slices.Contains(is.Types, t) {
			d.note(Breaking, "TYPE_REMOVED_FROM_UNION", is.Name, "%s was removed from the union %s.", t, is.Name)
		}
	}
	for _, t := range is.Types {
		if !slices.Contains(was.Types, t) {
			d.note(Dangerous, "TYPE_ADDED_TO_UNION", is.Name, "%s was added to the union %s.", t, is.Name)
		}
	}
}

func (d *differences) interfaces(was, is *ast.Definition) {
	for _, i := range was.Interfaces {
		if !slices.Contains(is.Interfaces, i) {
			d.note(Breaking, "IMPLEMENTED_INTERFACE_REMOVED", is.Name, "%s does not implement %s any more.", is.Name, i)
		}
	}
	for _, i := range is.Interfaces {
		if !slices.Contains(was.Interfaces, i) {
			d.note(Dangerous, "IMPLEMENTED_INTERFACE_ADDED", is.Name, "%s implements %s.", is.Name, i)
		}
	}
}

func fieldsOf(def *ast.Definition) map[string]*ast.FieldDefinition {
	fields := make(map[string]*ast.FieldDefinition)
	for _, f := range def.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			fields[f.Name] = f
		}
	}
	return fields
}

func (d *differences) fields(was, is *ast.Definition) {
	path := func(f *ast.FieldDefinition) string { return is.Name + "." + f.Name }
	each(fieldsOf(was), fieldsOf(is),
		func(f *ast.FieldDefinition) {
			after := ""
			if f.Directives.ForName("deprecated") != nil {
				after = " It was deprecated."
			}
			d.note(Breaking, "FIELD_REMOVED", path(f), "%s was removed.%s", path(f), after)
		},
		func(f *ast.FieldDefinition) { d.note(Safe, "FIELD_ADDED", path(f), "%s was added.", path(f)) },
		func(a, b *ast.FieldDefinition) {
			if a.Type.String() != b.Type.String() {
				severity := Breaking
				if d.safeOutput(a.Type, b.Type) {
					severity = Safe
				}
				d.note(severity, "FIELD_CHANGED_KIND", path(b), "%s is %s and was %s.", path(b), b.Type, a.Type)
			}
			d.deprecation(path(b), a.Directives, b.Directives)
			d.arguments(path(b), a.Arguments, b.Arguments, "ARG")
		})
}

// input treats the fields of an input object as arguments.
func (d *differences) input(was, is *ast.Definition) {
	each(fieldsOf(was), fieldsOf(is),
		func(f *ast.FieldDefinition) {
			d.note(Breaking, "FIELD_REMOVED", is.Name+"."+f.Name, "%s.%s was removed.", is.Name, f.Name)
		},
		func(f *ast.FieldDefinition) {
			path := is.Name + "." + f.Name
			if f.Type.NonNull && f.DefaultValue == nil {
				d.note(Breaking, "REQUIRED_INPUT_FIELD_ADDED", path, "%s was added and is required.", path)
			} else {
				d.note(Dangerous, "OPTIONAL_INPUT_FIELD_ADDED", path, "%s was added.", path)
			}
		},
		func(a, b *ast.FieldDefinition) {
			path := is.Name + "." + b.Name
			d.inputType("FIELD_CHANGED_KIND", path, a.Type, b.Type)
			d.defaultValue("INPUT_FIELD_DEFAULT_VALUE_CHANGE", path, b.Type, a.DefaultValue, b.DefaultValue)
			d.deprecation(path, a.Directives, b.Directives)
		})
}

// arguments compares those of a field or, where prefix is DIRECTIVE_ARG, of a
// directive.
func (d *differences) arguments(path string, was, is ast.ArgumentDefinitionList, prefix string) {
	byName := func(list ast.ArgumentDefinitionList) map[string]*ast.ArgumentDefinition {
		m := make(map[string]*ast.ArgumentDefinition)
		for _, a := range list {
			m[a.Name] = a
		}
		return m
	}
	of := func(a *ast.ArgumentDefinition) string { return path + "(" + a.Name + ":)" }
	each(byName(was), byName(is),
		func(a *ast.ArgumentDefinition) {
			d.note(Breaking, prefix+"_REMOVED", of(a), "%s was removed.", of(a))
		},
		func(a *ast.ArgumentDefinition) {
			if a.Type.NonNull && a.DefaultValue == nil {
				d.note(Breaking, "REQUIRED_"+prefix+"_ADDED", of(a), "%s was added and is required.", of(a))
			} else {
				d.note(Dangerous, "OPTIONAL_"+prefix+"_ADDED", of(a), "%s was added.", of(a))
			}
		},
		func(a, b *ast.ArgumentDefinition) {
			d.inputType(prefix+"_CHANGED_KIND", of(b), a.Type, b.Type)
			d.defaultValue(prefix+"_DEFAULT_VALUE_CHANGE", of(b), b.Type, a.DefaultValue, b.DefaultValue)
			d.deprecation(of(b), a.Directives, b.Directives)
		})
}

func (d *differences) inputType(kind, path string, was, is *ast.Type) {
	if was.String() == is.String() {
		return
	}
	severity := Breaking
	if d.safeInput(was, is) {
		severity = Safe
	}
	d.note(severity, kind, path, "%s is %s and was %s.", path, is, was)
}

func (d *differences) defaultValue(kind, path string, t *ast.Type, was, is *ast.Value) {
	switch {
	case was == nil && is != nil:
		d.note(Safe, kind, path, "%s has the default value %s.", path, is)
	case was != nil && is == nil && t.NonNull:
		d.note(Breaking, kind, path, "%s has no default value any more, it was %s, and is required.", path, was)
	case was != nil && is == nil:
		d.note(Dangerous, kind, path, "%s has no default value any more; it was %s.", path, was)
	case was != nil && was.String() != is.String():
		d.note(Dangerous, kind, path, "%s has the default value %s; it was %s.", path, is, was)
	}
}

func (d *differences) deprecation(path string, was, is ast.DirectiveList) {
	before, now := was.ForName("deprecated"), is.ForName("deprecated")
	switch {
	case before == nil && now != nil:
		d.note(Safe, "DEPRECATED", path, "%s is deprecated%s.", path, reason(now))
	case before != nil && now == nil:
		d.note(Safe, "DEPRECATION_REMOVED", path, "%s is not deprecated any more.", path)
	}
}

// reason is that of a deprecation, with what goes before it in a sentence.
func reason(deprecated *ast.Directive) string {
	if arg := deprecated.Arguments.ForName("reason"); arg != nil && arg.Value.Raw != "" {
		return ": " + arg.Value.Raw
	}
	return ""
}

func (d *differences) removedDirective(t *ast.DirectiveDefinition) {
	d.note(Breaking, "DIRECTIVE_REMOVED", "@"+t.Name, "@%s was removed.", t.Name)
}

func (d *differences) addedDirective(t *ast.DirectiveDefinition) {
	d.note(Safe, "DIRECTIVE_ADDED", "@"+t.Name, "@%s was added.", t.Name)
}

func (d *differences) directive(was, is *ast.DirectiveDefinition) {
	path := "@" + is.Name
	if was.IsRepeatable && !is.IsRepeatable {
		d.note(Breaking, "DIRECTIVE_REPEATABLE_REMOVED", path, "%s is not repeatable any more.", path)
	}
	for _, l := range was.Locations {
		if !slices.Contains(is.Locations, l) {
			d.note(Breaking, "DIRECTIVE_LOCATION_REMOVED", path, "%s may not be used on %s any more.", path, l)
		}
	}
	for _, l := range is.Locations {
		if !slices.Contains(was.Locations, l) {
			d.note(Safe, "DIRECTIVE_LOCATION_ADDED", path, "%s may be used on %s.", path, l)
		}
	}
	d.arguments(path, was.Arguments, is.Arguments, "DIRECTIVE_ARG")
}

// safeOutput says whether whoever reads the one can read the other.
func (d *differences) safeOutput(was, is *ast.Type) bool {
	switch {
	case was.NonNull && !is.NonNull:
		return false
	case was.Elem != nil:
		return is.Elem != nil && d.safeOutput(was.Elem, is.Elem)
	}
	return is.Elem == nil && (was.NamedType == is.NamedType || d.subtype(was.NamedType, is.NamedType))
}

// subtype says whether the second is one of the types that the first may be.
func (d *differences) subtype(abstract, t string) bool {
	def := d.next.Types[abstract]
	return def != nil && def.IsAbstractType() && slices.ContainsFunc(d.next.PossibleTypes[abstract],
		func(possible *ast.Definition) bool { return possible.Name == t })
}

// safeInput says whether whatever was sent as the one may be sent as the other.
func (d *differences) safeInput(was, is *ast.Type) bool {
	if is.NonNull && !was.NonNull {
		return false
	}
	if is.Elem != nil {
		return was.Elem != nil && d.safeInput(was.Elem, is.Elem)
	}
	return was.Elem == nil && was.NamedType == is.NamedType
}
