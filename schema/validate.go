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

// An Error is why a document does not fit a schema, as in a GraphQL response.
type Error struct {
	Message   string     `json:"message"`
	Locations []Location `json:"locations,omitempty"`
	// File is the [Source] that the locations are in, where there are several.
	File string `json:"file,omitempty"`
}

// A Location is where in a document something begins, counted from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// maxWalk bounds the time that a document may take, as its operations and fragments
// times its bytes: each is looked at with all that it spreads. 200 fragments of 100
// bytes each are within it.
const maxWalk = 4 << 20

// foundErrors bounds the errors that are looked for: a document may have one for
// every few bytes, once for each operation that they are in.
const foundErrors = 64

// What is kept of the errors of one document.
const (
	maxErrors  = 8
	maxMessage = 300 // bytes
)

// Validate returns why Absinthe would refuse a document, whatever the variables and
// the operation's name. Without a reason it may still be refused: only what is sure
// counts, and nothing is sure of a document that is in doubt, as [Unknown] is.
func (s *Schema) Validate(document string) []Error {
	defer beginParsing()()
	return s.validate(func() *ast.QueryDocument { return parseSure(document) })
}

// validate is Validate. read makes the same document each time, which is changed
// here, or nil where nothing is sure of it.
func (s *Schema) validate(read func() *ast.QueryDocument) []Error {
	if s.lax.ambiguous {
		return nil
	}
	doc := read()
	if doc == nil || introspects(doc) {
		return nil
	}
	errs := find(s.types, doc, exactRules)
	if len(errs) == 0 {
		doc = read()
		relaxDocument(doc)
		if errs = find(s.lax.Schema, doc, absintheRules); len(errs) == 0 {
			return nil
		}
		errs = spelled(errs, find(s.types, read(), absintheRules))
	}
	return errorsOf(errs)
}

// spelled returns of errors that were found with names as they are those that were
// also found with lax ones: their messages have the names that the client wrote. Where
// there is none, the lax errors have to do.
func spelled(lax, exact gqlerror.List) gqlerror.List {
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

// find looks for offences against rules, the first foundErrors of them.
func find(types *ast.Schema, doc *ast.QueryDocument, offended *rules.Rules) (errs gqlerror.List) {
	type enough struct{}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(enough); !ok {
				panic(p)
			}
		}
	}()
	bounded := rules.NewRules()
	for name, rule := range offended.GetInner() {
		bounded.AddRule(name, func(observers *core.Events, _ core.AddErrFunc) {
			rule(observers, func(options ...core.ErrorOption) {
				err := &gqlerror.Error{Rule: name}
				for _, option := range options {
					option(err)
				}
				if errs = append(errs, err); len(errs) == foundErrors {
					panic(enough{}) // the validator has no other way to be stopped
				}
			})
		})
	}
	validator.ValidateWithRules(types, doc, bounded)
	return errs
}

// parseSure returns nil where nothing is sure.
func parseSure(document string) *ast.QueryDocument {
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
		if names[f.Name] { // Absinthe takes the last one and reports no error
			return nil
		}
		names[f.Name] = true
	}
	return prepare(doc)
}

// prepare leaves of the default values of variables that there is one, without a
// position, and of their directives nothing.
func prepare(doc *ast.QueryDocument) *ast.QueryDocument {
	for _, o := range doc.Operations {
		for _, v := range o.VariableDefinitions {
			// Absinthe looks at neither, unless the variable is not given.
			v.Directives = nil
			if v.DefaultValue != nil {
				v.DefaultValue = &ast.Value{Kind: ast.NullValue}
			}
		}
	}
	return doc
}

func errorsOf(list gqlerror.List) []Error {
	var errs []Error
	told := make(map[string]bool)
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
		// What is in a fragment is found in every operation that spreads it too.
		if text := err.String(); !told[text] {
			told[text] = true
			errs = append(errs, err)
		}
	}
	return errs
}

// introspects reports whether a document asks for the schema itself. Absinthe's types
// for that are not in the schema that it tells, and not quite the specification's.
func introspects(doc *ast.QueryDocument) bool {
	for _, o := range doc.Operations {
		if selectsIntrospection(o.SelectionSet) {
			return true
		}
	}
	for _, f := range doc.Fragments {
		if selectsIntrospection(f.SelectionSet) {
			return true
		}
	}
	return false
}

func selectsIntrospection(set ast.SelectionSet) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if isIntrospection(s.Name) || selectsIntrospection(s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if selectsIntrospection(s.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// exactRules are about names that Absinthe compares as they are written.
var exactRules = rules.NewRules(
	rules.UniqueArgumentNamesRule,
	rules.UniqueInputFieldNamesRule,
)

// absintheRules are those of the specification that Absinthe has as well. It has
// none against fields that cannot be merged, and it is laxer about values,
// variables and required arguments, for which there are rules of our own below.
// The rules are the ones without suggestions: to find those takes time that a
// hostile document could choose.
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

// requiredArguments looks at the fields of a document's only operation. Of other
// operations Absinthe asks nothing, and nor of fields in fragments with a name.
func requiredArguments(observers *core.Events, add core.AddErrFunc) {
	observers.OnOperation(func(w *core.Walker, o *ast.OperationDefinition) {
		if len(w.Document.Operations) == 1 {
			demand(o.SelectionSet, add)
		}
	})
}

func demand(set ast.SelectionSet, add core.AddErrFunc) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.InlineFragment:
			demand(s.SelectionSet, add)
		case *ast.Field:
			demand(s.SelectionSet, add)
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

// values are checked as far as the scalars of the specification, enums and input
// objects go. Numbers may be of any size, and what a scalar of the application takes
// only that knows.
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
			if expected.Elem == nil && def.Kind != ast.InputObject && !custom(def) {
				wrong("Expected value of type %q, found a list.", expected.String())
			}
		case def.Kind == ast.InputObject:
			inputObject(v, wrong)
		case custom(def) || slices.Contains(literals[def.Name], v.Kind):
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

// literals are the kinds of literals that Absinthe's own scalars take.
var literals = map[string][]ast.ValueKind{
	"Int":     {ast.IntValue},
	"Float":   {ast.IntValue, ast.FloatValue},
	"String":  {ast.StringValue, ast.BlockValue},
	"Boolean": {ast.BooleanValue},
	"ID":      {ast.IntValue, ast.StringValue, ast.BlockValue},
}

// literalName says what a literal is without its value, which is for no log.
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

func custom(def *ast.Definition) bool {
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

// variablePositions refuses variables whose type cannot be used where they are
// used, as the argument or the field of an input object itself. Absinthe does not
// look into lists.
func variablePositions(observers *core.Events, add core.AddErrFunc) {
	look := func(w *core.Walker, v *ast.Value) {
		if v == nil || v.Kind != ast.Variable || v.VariableDefinition == nil || v.ExpectedType == nil || w.CurrentOperation == nil {
			return
		}
		if def := v.VariableDefinition; !compatible(def.Type, v.ExpectedType, def.DefaultValue != nil || v.ExpectedTypeHasDefault) {
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

// compatible says whether a variable of a type may be used where another is
// expected. hasDefault: the variable or the place has a default value.
func compatible(variable, place *ast.Type, hasDefault bool) bool {
	if variable.String() == place.String() {
		return true
	}
	if variable.NonNull {
		nullable := *variable
		nullable.NonNull = false
		return compatible(&nullable, place, hasDefault)
	}
	if variable.Elem != nil && place.Elem != nil && !place.NonNull {
		return compatible(variable.Elem, place.Elem, hasDefault)
	}
	if place.NonNull && hasDefault {
		nullable := *place
		nullable.NonNull = false
		return variable.String() == nullable.String()
	}
	return false
}

// String is the message and where it belongs, for people.
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
