package schema

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// An Error says why a document is invalid, in the form of a GraphQL response.
type Error struct {
	Message   string     `json:"message"`
	Locations []Location `json:"locations,omitempty"`
	// File is the name of the [Source] that the locations refer to, if there are several.
	File string `json:"file,omitempty"`
}

// A Location is a position in a document. Lines and columns count from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// maxWalk bounds the time of validation: the number of operations and fragments times
// the bytes of the document, since each is walked with all that it spreads. 200 fragments
// of 100 bytes each are below it.
const maxWalk = 4 << 20

// maxFoundErrors ends validation: a document may have an error every few bytes, and again
// for each operation.
const maxFoundErrors = 64

// Bounds on the errors that Validate returns.
const (
	maxErrors  = 8
	maxMessage = 300 // bytes
)

// Validate returns the errors for which Absinthe would certainly refuse a document,
// whatever the variables and the operation name. Absinthe may refuse further documents.
// An unreadable or ambiguous document has no certain errors.
func (s *Schema) Validate(document string) []Error {
	defer beginParsing()()
	return s.validate(func() *ast.QueryDocument { return parseCertain(document) })
}

// validate is like Validate. Each call of read parses the document anew, since validation
// changes it; nil: the document has no certain errors.
func (s *Schema) validate(read func() *ast.QueryDocument) []Error {
	if s.lax.ambiguous {
		return nil
	}
	doc := read()
	if doc == nil || usesIntrospection(doc) {
		return nil
	}
	errs := findErrors(s.types, doc, exactRules)
	if len(errs) == 0 {
		doc = read()
		relaxDocument(doc)
		if errs = findErrors(s.lax.Schema, doc, absintheRules); len(errs) == 0 {
			return nil
		}
		errs = asWritten(errs, findErrors(s.types, read(), absintheRules))
	}
	return toErrors(errs)
}

// asWritten returns the exact errors that are also lax errors: their messages have the
// names that the client wrote. If there are none, it returns the lax errors.
func asWritten(lax, exact gqlerror.List) gqlerror.List {
	type place struct {
		rule         string
		line, column int
	}
	placeOf := func(e *gqlerror.Error) place {
		if len(e.Locations) == 0 {
			return place{rule: e.Rule}
		}
		return place{e.Rule, e.Locations[0].Line, e.Locations[0].Column}
	}
	found := make(map[place]bool)
	for _, e := range lax {
		found[placeOf(e)] = true
	}
	both := slices.DeleteFunc(exact, func(e *gqlerror.Error) bool { return !found[placeOf(e)] })
	if len(both) == 0 {
		return lax
	}
	return both
}

// findErrors returns the first maxFoundErrors violations of rules.
func findErrors(types *ast.Schema, doc *ast.QueryDocument, ruleSet *rules.Rules) (errs gqlerror.List) {
	type enough struct{}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(enough); !ok {
				panic(p)
			}
		}
	}()
	bounded := rules.NewRules()
	for name, rule := range ruleSet.GetInner() {
		bounded.AddRule(name, func(observers *core.Events, _ core.AddErrFunc) {
			rule(observers, func(options ...core.ErrorOption) {
				err := &gqlerror.Error{Rule: name}
				for _, option := range options {
					option(err)
				}
				if errs = append(errs, err); len(errs) == maxFoundErrors {
					panic(enough{}) // the validator has no other way to be stopped
				}
			})
		})
	}
	validator.ValidateWithRules(types, doc, bounded)
	return errs
}

// parseCertain parses a document; nil: it has no certain errors.
func parseCertain(document string) *ast.QueryDocument {
	if ambiguous(document) {
		return nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, MaxTokens)
	if err != nil {
		return nil
	}
	if (len(doc.Operations)+len(doc.Fragments))*len(document) > maxWalk {
		return nil
	}
	names := make(map[string]bool)
	for _, f := range doc.Fragments {
		if names[f.Name] { // Absinthe uses the last one without an error
			return nil
		}
		names[f.Name] = true
	}
	return dropDefaults(doc)
}

// dropDefaults replaces the default values of variables by null, and drops the variables'
// directives. Absinthe looks at neither, unless the variable is absent.
func dropDefaults(doc *ast.QueryDocument) *ast.QueryDocument {
	for _, o := range doc.Operations {
		for _, v := range o.VariableDefinitions {
			v.Directives = nil
			if v.DefaultValue != nil {
				v.DefaultValue = &ast.Value{Kind: ast.NullValue}
			}
		}
	}
	return doc
}

func toErrors(list gqlerror.List) []Error {
	var errs []Error
	introspected := make(map[string]bool)
	for _, e := range list {
		if len(errs) == maxErrors {
			break
		}
		err := Error{Message: e.Message}
		err.File, _ = e.Extensions["file"].(string)
		if len(err.Message) > maxMessage {
			err.Message = err.Message[:maxMessage] + "…"
		}
		for _, l := range e.Locations {
			err.Locations = append(err.Locations, Location(l))
		}
		// An error in a fragment is found in every operation that spreads it.
		if text := err.String(); !introspected[text] {
			introspected[text] = true
			errs = append(errs, err)
		}
	}
	return errs
}

// usesIntrospection reports whether a document selects __schema or __type. Absinthe's
// introspection types are not in its SDL, and differ from the specification's.
func usesIntrospection(doc *ast.QueryDocument) bool {
	return slices.ContainsFunc(doc.Operations, func(o *ast.OperationDefinition) bool { return selectsIntrospection(o.SelectionSet) }) ||
		slices.ContainsFunc(doc.Fragments, func(f *ast.FragmentDefinition) bool { return selectsIntrospection(f.SelectionSet) })
}

func selectsIntrospection(set ast.SelectionSet) bool {
	return slices.ContainsFunc(set, func(selection ast.Selection) bool {
		switch s := selection.(type) {
		case *ast.Field:
			return isIntrospection(s.Name) || selectsIntrospection(s.SelectionSet)
		case *ast.InlineFragment:
			return selectsIntrospection(s.SelectionSet)
		}
		return false
	})
}

// exactRules concern names that Absinthe compares as written.
var exactRules = rules.NewRules(
	rules.UniqueArgumentNamesRule,
	rules.UniqueInputFieldNamesRule,
)

// absintheRules are the specification's rules that Absinthe has too. Absinthe has none
// against fields that cannot be merged. It is laxer about values, variables and required
// arguments; the rules below follow it. The rules make no suggestions, since a hostile
// document could choose how long that takes.
var absintheRules = rules.NewRules(
	rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
	rules.KnownArgumentNamesRuleWithoutSuggestions,
	rules.KnownDirectivesRule,
	rules.KnownFragmentNamesRule,
	rules.KnownRootTypeRule,
	rules.KnownTypeNamesRuleWithoutSuggestions,
	rules.LoneAnonymousOperationRule,
	rules.NoFragmentCyclesRule,
	rules.NoUndefinedVariablesRule,
	rules.NoUnusedFragmentsRule,
	rules.NoUnusedVariablesRule,
	rules.PossibleFragmentSpreadsRule,
	rules.ScalarLeafsRule,
	rules.UniqueDirectivesPerLocationRule,
	rules.UniqueOperationNamesRule,
	rules.UniqueVariableNamesRule,
	rules.VariablesAreInputTypesRule,
	core.Rule{Name: "RequiredArguments", RuleFunc: requiredArguments},
	core.Rule{Name: "Values", RuleFunc: values},
	core.Rule{Name: "VariablePositions", RuleFunc: variablePositions},
)

// requiredArguments checks the fields of a document's only operation. Absinthe checks no
// other operations, and no fields in named fragments.
func requiredArguments(observers *core.Events, add core.AddErrFunc) {
	observers.OnOperation(func(w *core.Walker, o *ast.OperationDefinition) {
		if len(w.Document.Operations) == 1 {
			requireArguments(o.SelectionSet, add)
		}
	})
}

func requireArguments(set ast.SelectionSet, add core.AddErrFunc) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.InlineFragment:
			requireArguments(s.SelectionSet, add)
		case *ast.Field:
			requireArguments(s.SelectionSet, add)
			if s.Definition == nil {
				continue
			}
			for _, arg := range s.Definition.Arguments {
				if arg.Type.NonNull && arg.DefaultValue == nil && s.Arguments.ForName(arg.Name) == nil {
					add(core.Message(`Field %q argument %q of type %q is required, but it was not provided.`, s.Name, arg.Name, arg.Type.String()), core.At(s.Position))
				}
			}
		}
	}
}

// values checks literals of the specification's scalars, enums and input objects. Numbers
// may be of any size. Custom scalars are unchecked.
func values(observers *core.Events, add core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		def, expected := v.Definition, v.ExpectedType
		if def == nil || expected == nil || v.Position == nil || v.Kind == ast.Variable {
			return
		}
		wrong := func(format string, args ...any) { add(core.Message(format, args...), core.At(v.Position)) }
		switch {
		case v.Kind == ast.NullValue:
			if expected.NonNull {
				wrong("Expected value of type %q, found null.", expected.String())
			}
		case v.Kind == ast.ListValue:
			if expected.Elem == nil && def.Kind != ast.InputObject && !isCustomScalar(def) {
				wrong("Expected value of type %q, found a list.", expected.String())
			}
		case def.Kind == ast.InputObject:
			inputObject(v, wrong)
		case isCustomScalar(def) || slices.Contains(literals[def.Name], v.Kind):
		case def.Kind == ast.Enum:
			if v.Kind != ast.EnumValue {
				wrong("Enum %q cannot represent %s.", def.Name, literalName(v.Kind))
			} else if def.EnumValues.ForName(v.Raw) == nil {
				wrong("Value %q does not exist in %q enum.", v.Raw, def.Name)
			}
		default:
			wrong("Expected value of type %q, found %s.", expected.String(), literalName(v.Kind))
		}
	})
}

// literals lists the kinds of literals that Absinthe's built-in scalars accept.
var literals = map[string][]ast.ValueKind{
	"Int":     {ast.IntValue},
	"Float":   {ast.IntValue, ast.FloatValue},
	"String":  {ast.StringValue, ast.BlockValue},
	"Boolean": {ast.BooleanValue},
	"ID":      {ast.IntValue, ast.StringValue, ast.BlockValue},
}

// literalName names the kind of a literal. Its value must not appear in a log.
func literalName(kind ast.ValueKind) string {
	switch kind {
	case ast.IntValue:
		return "an integer"
	case ast.FloatValue:
		return "a float"
	case ast.StringValue, ast.BlockValue:
		return "a string"
	case ast.BooleanValue:
		return "a boolean"
	case ast.EnumValue:
		return "an enum value"
	}
	return "an object"
}

func isCustomScalar(def *ast.Definition) bool {
	return def.Kind == ast.Scalar && literals[def.Name] == nil
}

func inputObject(v *ast.Value, wrong func(string, ...any)) {
	if v.Kind != ast.ObjectValue {
		wrong("Expected value of type %q, found %s.", v.ExpectedType.String(), literalName(v.Kind))
		return
	}
	for _, f := range v.Definition.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && v.Children.ForName(f.Name) == nil {
			wrong("Field \"%s.%s\" of required type %q was not provided.", v.Definition.Name, f.Name, f.Type.String())
		}
	}
	for _, child := range v.Children {
		if v.Definition.Fields.ForName(child.Name) == nil {
			wrong("Field %q is not defined by type %q.", child.Name, v.Definition.Name)
		}
	}
}

// variablePositions checks the types of variables that are an argument or an input field.
// Absinthe does not check variables in lists.
func variablePositions(observers *core.Events, add core.AddErrFunc) {
	look := func(w *core.Walker, v *ast.Value) {
		if v == nil || v.Kind != ast.Variable || v.VariableDefinition == nil || v.ExpectedType == nil || w.CurrentOperation == nil {
			return
		}
		if def := v.VariableDefinition; !usableAs(def.Type, v.ExpectedType, def.DefaultValue != nil || v.ExpectedTypeHasDefault) {
			add(core.Message(`Variable "$%s" of type %q used in position expecting type %q.`, v.Raw, def.Type.String(), v.ExpectedType.String()), core.At(v.Position))
		}
	}
	observers.OnField(func(w *core.Walker, field *ast.Field) {
		for _, arg := range field.Arguments {
			look(w, arg.Value)
		}
	})
	observers.OnDirective(func(w *core.Walker, d *ast.Directive) {
		for _, arg := range d.Arguments {
			look(w, arg.Value)
		}
	})
	observers.OnValue(func(w *core.Walker, v *ast.Value) {
		if v.Kind == ast.ObjectValue {
			for _, child := range v.Children {
				look(w, child.Value)
			}
		}
	})
}

// usableAs reports whether a variable may be used where type place is expected.
// hasDefault: the variable or the place has a default value.
func usableAs(variable, place *ast.Type, hasDefault bool) bool {
	if variable.String() == place.String() {
		return true
	}
	if variable.NonNull {
		nullable := *variable
		nullable.NonNull = false
		return usableAs(&nullable, place, hasDefault)
	}
	if variable.Elem != nil && place.Elem != nil && !place.NonNull {
		return usableAs(variable.Elem, place.Elem, hasDefault)
	}
	if place.NonNull && hasDefault {
		nullable := *place
		nullable.NonNull = false
		return variable.String() == nullable.String()
	}
	return false
}

// String returns the location and the message.
func (e Error) String() string {
	where := e.File
	if len(e.Locations) > 0 {
		if where != "" {
			where += ":"
		}
		where += fmt.Sprintf("%d:%d", e.Locations[0].Line, e.Locations[0].Column)
	}
	if where == "" {
		return e.Message
	}
	return where + ": " + e.Message
}
