package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// Introspection is the query whose answer [FromNode] reads.
const Introspection = `query Introspection {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description isDeprecated deprecationReason
        args(includeDeprecated: true) { ...input }
        type { ...type }
      }
      inputFields(includeDeprecated: true) { ...input }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
    directives { name description locations args { ...input } }
  }
}
fragment input on __InputValue { name description defaultValue isDeprecated deprecationReason type { ...type } }
fragment type on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name } } } } } } }
}`

type introspectedSchema struct {
	QueryType, MutationType, SubscriptionType *introspectedType
	Types                                     []introspectedType
	Directives                                []introspectedDirective
}

type introspectedType struct {
	Kind, Name, Description string
	Fields                  []introspectedField
	InputFields             []introspectedInput
	Interfaces              []introspectedType
	EnumValues              []introspectedField
	PossibleTypes           []introspectedType
	OfType                  *introspectedType
}

type introspectedField struct {
	Name, Description string
	Args              []introspectedInput
	Type              introspectedType
	deprecation
}

type introspectedInput struct {
	Name, Description string
	Type              introspectedType
	DefaultValue      *string
	deprecation
}

type deprecation struct {
	IsDeprecated      bool
	DeprecationReason string
}

type introspectedDirective struct {
	Name, Description string
	Locations         []ast.DirectiveLocation
	Args              []introspectedInput
}

// addDefaults adds the default values of an introspected schema to doc, and reports
// whether it added any. [Absinthe.Schema.to_sdl/1] omits default values that are written
// in Elixir; an argument with a default value is not required.
//
// [Absinthe.Schema.to_sdl/1]: https://hexdocs.pm/absinthe/Absinthe.Schema.html#to_sdl/2
func addDefaults(doc, introspected *ast.SchemaDocument) (added bool) {
	add := func(to **ast.Value, from *ast.Value) {
		if *to == nil && from != nil {
			*to, added = from, true
		}
	}
	addAll := func(to, from ast.ArgumentDefinitionList) {
		for _, arg := range to {
			if same := from.ForName(arg.Name); same != nil {
				add(&arg.DefaultValue, same.DefaultValue)
			}
		}
	}
	toldByName := byName(introspected.Definitions, func(def *ast.Definition) string { return def.Name })
	for _, def := range doc.Definitions {
		same := toldByName[def.Name]
		if same == nil {
			continue
		}
		for _, f := range def.Fields {
			if field := same.Fields.ForName(f.Name); field != nil {
				add(&f.DefaultValue, field.DefaultValue)
				addAll(f.Arguments, field.Arguments)
			}
		}
	}
	for _, d := range doc.Directives {
		if same := introspected.Directives.ForName(d.Name); same != nil {
			addAll(d.Arguments, same.Arguments)
		}
	}
	return added
}

func format(doc *ast.SchemaDocument, options ...formatter.FormatterOption) string {
	var text strings.Builder
	formatter.NewFormatter(&text, append(options, formatter.WithIndent("  "))...).FormatSchemaDocument(doc)
	return text.String()
}

func readIntrospection(answer []byte) (*ast.SchemaDocument, error) {
	var body struct {
		Data *struct {
			Schema introspectedSchema `json:"__schema"`
		}
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	if body.Data == nil || body.Data.Schema.QueryType == nil {
		return nil, errors.New("introspection: the answer has no schema")
	}
	doc, err := body.Data.Schema.document()
	if err != nil {
		return nil, err
	}
	return doc, checkSize(doc)
}

func (s *introspectedSchema) document() (*ast.SchemaDocument, error) {
	prelude := validator.PreludeDocument()
	roots := &ast.SchemaDefinition{}
	for _, root := range []struct {
		operation ast.Operation
		of        *introspectedType
	}{{ast.Query, s.QueryType}, {ast.Mutation, s.MutationType}, {ast.Subscription, s.SubscriptionType}} {
		if root.of != nil {
			roots.OperationTypes = append(roots.OperationTypes, &ast.OperationTypeDefinition{Operation: root.operation, Type: root.of.Name})
		}
	}
	doc := &ast.SchemaDocument{Schema: ast.SchemaDefinitionList{roots}}
	for _, d := range s.Directives {
		if prelude.Directives.ForName(d.Name) != nil {
			continue
		}
		args, err := arguments(d.Args)
		if err != nil {
			return nil, err
		}
		doc.Directives = append(doc.Directives, &ast.DirectiveDefinition{
			Name: d.Name, Description: d.Description, Arguments: args, Locations: d.Locations,
			Position: &ast.Position{Src: &ast.Source{}},
		})
	}
	for _, t := range s.Types {
		if prelude.Definitions.ForName(t.Name) != nil || strings.HasPrefix(t.Name, "__") {
			continue
		}
		def, err := t.definition()
		if err != nil {
			return nil, err
		}
		doc.Definitions = append(doc.Definitions, def)
	}
	return doc, nil
}

func (t *introspectedType) definition() (*ast.Definition, error) {
	def := &ast.Definition{Kind: ast.DefinitionKind(t.Kind), Name: t.Name, Description: t.Description, Position: &ast.Position{Src: &ast.Source{}}}
	for _, i := range t.Interfaces {
		def.Interfaces = append(def.Interfaces, i.Name)
	}
	if def.Kind == ast.Union {
		for _, p := range t.PossibleTypes {
			def.Types = append(def.Types, p.Name)
		}
	}
	for _, v := range t.EnumValues {
		def.EnumValues = append(def.EnumValues, &ast.EnumValueDefinition{Name: v.Name, Description: v.Description, Directives: v.directives()})
	}
	for _, f := range t.Fields {
		args, err := arguments(f.Args)
		if err != nil {
			return nil, err
		}
		of, err := f.Type.reference()
		if err != nil {
			return nil, err
		}
		def.Fields = append(def.Fields, &ast.FieldDefinition{
			Name: f.Name, Description: f.Description, Arguments: args, Type: of, Directives: f.directives(),
		})
	}
	inputs, err := arguments(t.InputFields)
	for _, i := range inputs {
		def.Fields = append(def.Fields, &ast.FieldDefinition{Name: i.Name, Description: i.Description, Type: i.Type, DefaultValue: i.DefaultValue, Directives: i.Directives})
	}
	return def, err
}

func (d *deprecation) directives() ast.DirectiveList {
	if !d.IsDeprecated {
		return nil
	}
	directive := &ast.Directive{Name: "deprecated"}
	if d.DeprecationReason != "" {
		directive.Arguments = ast.ArgumentList{{Name: "reason", Value: &ast.Value{Kind: ast.StringValue, Raw: d.DeprecationReason}}}
	}
	return ast.DirectiveList{directive}
}

func (t *introspectedType) reference() (*ast.Type, error) {
	wraps := t != nil && (t.Kind == "NON_NULL" || t.Kind == "LIST")
	switch {
	case !wraps && (t == nil || t.Name == ""):
		return nil, errors.New("introspection: the answer has a type without a name")
	case !wraps:
		return ast.NamedType(t.Name, nil), nil
	}
	of, err := t.OfType.reference()
	if err != nil {
		return nil, err
	}
	if t.Kind == "LIST" {
		return ast.ListType(of, nil), nil
	}
	of.NonNull = true
	return of, nil
}

func arguments(inputs []introspectedInput) (args ast.ArgumentDefinitionList, err error) {
	for _, i := range inputs {
		of, err := i.Type.reference()
		if err != nil {
			return nil, err
		}
		arg := &ast.ArgumentDefinition{Name: i.Name, Description: i.Description, Type: of, Directives: i.directives()}
		if i.DefaultValue != nil {
			if arg.DefaultValue, err = parseValue(*i.DefaultValue); err != nil {
				return nil, fmt.Errorf("introspection: default value of %s: %w", i.Name, err)
			}
		}
		args = append(args, arg)
	}
	return args, nil
}

func parseValue(text string) (*ast.Value, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: "query($v: V = " + text + "\n) { v }"})
	if err != nil {
		return nil, err
	}
	return doc.Operations[0].VariableDefinitions[0].DefaultValue, nil
}
