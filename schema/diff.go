package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Severity is the effect of a change on clients.
type Severity string

// Severities, worst first.
const (
	Breaking  Severity = "breaking"  // valid operations may be refused, or get answers that clients cannot read
	Dangerous Severity = "dangerous" // operations stay valid, but clients may get unexpected answers
	Safe      Severity = "safe"
)

// A Change is one difference between two schemas.
type Change struct {
	Severity Severity `json:"severity"`
	// Kind names the sort of change, such as FIELD_REMOVED. The names are those of
	// findBreakingChanges and findDangerousChanges in graphql-js, as far as it has them.
	Kind string `json:"kind"`
	// Path is Type, Type.field, Type.field(argument:), Type.VALUE, @directive or
	// @directive(argument:).
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Diff returns the changes from one schema to the next, sorted by severity and path.
// Descriptions and the order of definitions do not count.
func Diff(former, next *Schema) []Change {
	d := differences{former: former.types, next: next.types}
	d.roots()
	compareByName(named(d.former), named(d.next), d.removedType, d.addedType, d.definition)
	compareByName(d.former.Directives, d.next.Directives, d.removedDirective, d.addedDirective, d.directive)
	order := []Severity{Breaking, Dangerous, Safe}
	slices.SortStableFunc(d.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity)), cmp.Compare(a.Path, b.Path))
	})
	return d.changes
}

// Summary names changes in one short line, with at most maxPaths paths each of removed,
// changed and added.
func Summary(changes []Change, maxPaths int) string {
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
		if len(list) > maxPaths {
			more = fmt.Sprintf(" and %d more", len(list)-maxPaths)
			list = list[:maxPaths]
		}
		parts = append(parts, how+" "+strings.Join(list, ", ")+more)
	}
	return strings.Join(parts, "; ")
}

type differences struct {
	former, next *ast.Schema
	changes      []Change
}

func (d *differences) add(s Severity, kind, path, format string, args ...any) {
	d.changes = append(d.changes, Change{s, kind, path, fmt.Sprintf(format, args...)})
}

// compareByName calls removed for the values of former alone, added for those of next
// alone, and both for pairs with the same name. Names are sorted.
func compareByName[T any](former, next map[string]T, removed, added func(T), both func(was, is T)) {
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

// named returns the types that are not built in.
func named(s *ast.Schema) map[string]*ast.Definition {
	types := maps.Clone(s.Types)
	maps.DeleteFunc(types, func(_ string, def *ast.Definition) bool { return def.BuiltIn })
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
			d.add(Breaking, "ROOT_REMOVED", root.was.Name, "The schema no longer has a %s; it was %s.", root.operation, root.was.Name)
		case root.was == nil && root.is != nil:
			d.add(Safe, "ROOT_ADDED", root.is.Name, "The schema has a %s, %s.", root.operation, root.is.Name)
		case root.was != nil && root.was.Name != root.is.Name:
			d.add(Safe, "ROOT_CHANGED", root.is.Name, "The %s is %s and was %s.", root.operation, root.is.Name, root.was.Name)
			// Clients now select the fields of the former type on the new one.
			d.fields(&ast.Definition{Kind: ast.Object, Name: root.is.Name, Fields: root.was.Fields}, root.is)
		}
	}
}

func (d *differences) removedType(t *ast.Definition) {
	d.add(Breaking, "TYPE_REMOVED", t.Name, "%s was removed.", t.Name)
}

func (d *differences) addedType(t *ast.Definition) {
	d.add(Safe, "TYPE_ADDED", t.Name, "%s was added.", t.Name)
}

func (d *differences) definition(was, is *ast.Definition) {
	if was.Kind != is.Kind {
		d.add(Breaking, "TYPE_CHANGED_KIND", is.Name, "%s is %s and was %s.", is.Name, kindName(is.Kind), kindName(was.Kind))
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

func byName[T any](list []T, name func(T) string) map[string]T {
	elements := make(map[string]T, len(list))
	for _, element := range list {
		elements[name(element)] = element
	}
	return elements
}

// without returns the elements of list that are not in other.
func without[T comparable](list, other []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(element T) bool { return slices.Contains(other, element) })
}

func (d *differences) enum(was, is *ast.Definition) {
	name := func(v *ast.EnumValueDefinition) string { return v.Name }
	path := func(v *ast.EnumValueDefinition) string { return is.Name + "." + v.Name }
	compareByName(byName(was.EnumValues, name), byName(is.EnumValues, name),
		func(v *ast.EnumValueDefinition) {
			d.add(Breaking, "VALUE_REMOVED_FROM_ENUM", path(v), "%s was removed.", path(v))
		},
		func(v *ast.EnumValueDefinition) {
			d.add(Dangerous, "VALUE_ADDED_TO_ENUM", path(v), "%s was added.", path(v))
		},
		func(a, b *ast.EnumValueDefinition) { d.deprecation(path(b), a.Directives, b.Directives) })
}

func (d *differences) union(was, is *ast.Definition) {
	for _, t := range without(was.Types, is.Types) {
		d.add(Breaking, "TYPE_REMOVED_FROM_UNION", is.Name, "%s was removed from the union %s.", t, is.Name)
	}
	for _, t := range without(is.Types, was.Types) {
		d.add(Dangerous, "TYPE_ADDED_TO_UNION", is.Name, "%s was added to the union %s.", t, is.Name)
	}
}

func (d *differences) interfaces(was, is *ast.Definition) {
	for _, i := range without(was.Interfaces, is.Interfaces) {
		d.add(Breaking, "IMPLEMENTED_INTERFACE_REMOVED", is.Name, "%s no longer implements %s.", is.Name, i)
	}
	for _, i := range without(is.Interfaces, was.Interfaces) {
		d.add(Dangerous, "IMPLEMENTED_INTERFACE_ADDED", is.Name, "%s implements %s.", is.Name, i)
	}
}

func fieldsOf(def *ast.Definition) map[string]*ast.FieldDefinition {
	fields := byName(def.Fields, func(f *ast.FieldDefinition) string { return f.Name })
	maps.DeleteFunc(fields, func(name string, _ *ast.FieldDefinition) bool { return strings.HasPrefix(name, "__") })
	return fields
}

func (d *differences) fields(was, is *ast.Definition) {
	path := func(f *ast.FieldDefinition) string { return is.Name + "." + f.Name }
	compareByName(fieldsOf(was), fieldsOf(is),
		func(f *ast.FieldDefinition) {
			after := ""
			if f.Directives.ForName("deprecated") != nil {
				after = " It was deprecated."
			}
			d.add(Breaking, "FIELD_REMOVED", path(f), "%s was removed.%s", path(f), after)
		},
		func(f *ast.FieldDefinition) { d.add(Safe, "FIELD_ADDED", path(f), "%s was added.", path(f)) },
		func(a, b *ast.FieldDefinition) {
			if a.Type.String() != b.Type.String() {
				severity := Breaking
				if d.safeOutput(a.Type, b.Type) {
					severity = Safe
				}
				d.add(severity, "FIELD_CHANGED_KIND", path(b), "%s is %s and was %s.", path(b), b.Type, a.Type)
			}
			d.deprecation(path(b), a.Directives, b.Directives)
			d.arguments(path(b), a.Arguments, b.Arguments, "ARG")
		})
}

// input treats the fields of an input object as arguments.
func (d *differences) input(was, is *ast.Definition) {
	compareByName(fieldsOf(was), fieldsOf(is),
		func(f *ast.FieldDefinition) {
			d.add(Breaking, "FIELD_REMOVED", is.Name+"."+f.Name, "%s.%s was removed.", is.Name, f.Name)
		},
		func(f *ast.FieldDefinition) {
			path := is.Name + "." + f.Name
			if f.Type.NonNull && f.DefaultValue == nil {
				d.add(Breaking, "REQUIRED_INPUT_FIELD_ADDED", path, "%s was added and is required.", path)
			} else {
				d.add(Dangerous, "OPTIONAL_INPUT_FIELD_ADDED", path, "%s was added.", path)
			}
		},
		func(a, b *ast.FieldDefinition) {
			path := is.Name + "." + b.Name
			d.inputType("FIELD_CHANGED_KIND", path, a.Type, b.Type)
			d.defaultValue("INPUT_FIELD_DEFAULT_VALUE_CHANGE", path, b.Type, a.DefaultValue, b.DefaultValue)
			d.deprecation(path, a.Directives, b.Directives)
		})
}

// arguments compares the arguments of a field, or of a directive if prefix is
// DIRECTIVE_ARG.
func (d *differences) arguments(path string, was, is ast.ArgumentDefinitionList, prefix string) {
	name := func(a *ast.ArgumentDefinition) string { return a.Name }
	of := func(a *ast.ArgumentDefinition) string { return path + "(" + a.Name + ":)" }
	compareByName(byName(was, name), byName(is, name),
		func(a *ast.ArgumentDefinition) {
			d.add(Breaking, prefix+"_REMOVED", of(a), "%s was removed.", of(a))
		},
		func(a *ast.ArgumentDefinition) {
			if a.Type.NonNull && a.DefaultValue == nil {
				d.add(Breaking, "REQUIRED_"+prefix+"_ADDED", of(a), "%s was added and is required.", of(a))
			} else {
				d.add(Dangerous, "OPTIONAL_"+prefix+"_ADDED", of(a), "%s was added.", of(a))
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
	d.add(severity, kind, path, "%s is %s and was %s.", path, is, was)
}

func (d *differences) defaultValue(kind, path string, t *ast.Type, was, is *ast.Value) {
	switch {
	case was == nil && is != nil:
		d.add(Safe, kind, path, "%s has the default value %s.", path, is)
	case was != nil && is == nil && t.NonNull:
		d.add(Breaking, kind, path, "%s no longer has the default value %s, and is required.", path, was)
	case was != nil && is == nil:
		d.add(Dangerous, kind, path, "%s no longer has the default value %s.", path, was)
	case was != nil && was.String() != is.String():
		d.add(Dangerous, kind, path, "%s has the default value %s; it was %s.", path, is, was)
	}
}

func (d *differences) deprecation(path string, was, is ast.DirectiveList) {
	before, now := was.ForName("deprecated"), is.ForName("deprecated")
	switch {
	case before == nil && now != nil:
		d.add(Safe, "DEPRECATED", path, "%s is deprecated%s.", path, reason(now))
	case before != nil && now == nil:
		d.add(Safe, "DEPRECATION_REMOVED", path, "%s is no longer deprecated.", path)
	}
}

// reason returns the reason of a deprecation, as the end of a sentence.
func reason(deprecated *ast.Directive) string {
	if arg := deprecated.Arguments.ForName("reason"); arg != nil && arg.Value.Raw != "" {
		return ": " + arg.Value.Raw
	}
	return ""
}

func (d *differences) removedDirective(t *ast.DirectiveDefinition) {
	d.add(Breaking, "DIRECTIVE_REMOVED", "@"+t.Name, "@%s was removed.", t.Name)
}

func (d *differences) addedDirective(t *ast.DirectiveDefinition) {
	d.add(Safe, "DIRECTIVE_ADDED", "@"+t.Name, "@%s was added.", t.Name)
}

func (d *differences) directive(was, is *ast.DirectiveDefinition) {
	path := "@" + is.Name
	if was.IsRepeatable && !is.IsRepeatable {
		d.add(Breaking, "DIRECTIVE_REPEATABLE_REMOVED", path, "%s is no longer repeatable.", path)
	}
	for _, l := range without(was.Locations, is.Locations) {
		d.add(Breaking, "DIRECTIVE_LOCATION_REMOVED", path, "%s may no longer be used on %s.", path, l)
	}
	for _, l := range without(is.Locations, was.Locations) {
		d.add(Safe, "DIRECTIVE_LOCATION_ADDED", path, "%s may be used on %s.", path, l)
	}
	d.arguments(path, was.Arguments, is.Arguments, "DIRECTIVE_ARG")
}

// safeOutput reports whether clients that read the type was can read the type is.
func (d *differences) safeOutput(was, is *ast.Type) bool {
	switch {
	case was.NonNull && !is.NonNull:
		return false
	case was.Elem != nil:
		return is.Elem != nil && d.safeOutput(was.Elem, is.Elem)
	}
	return is.Elem == nil && (was.NamedType == is.NamedType || d.subtype(was.NamedType, is.NamedType))
}

// subtype reports whether t is a possible type of an abstract type.
func (d *differences) subtype(abstract, t string) bool {
	def := d.next.Types[abstract]
	return def != nil && def.IsAbstractType() && slices.ContainsFunc(d.next.PossibleTypes[abstract],
		func(possible *ast.Definition) bool { return possible.Name == t })
}

// safeInput reports whether every value of the type was is a value of the type is.
func (d *differences) safeInput(was, is *ast.Type) bool {
	if is.NonNull && !was.NonNull {
		return false
	}
	if is.Elem != nil {
		return was.Elem != nil && d.safeInput(was.Elem, is.Elem)
	}
	return was.Elem == nil && was.NamedType == is.NamedType
}
