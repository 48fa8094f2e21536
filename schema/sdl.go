package schema

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// A Schema is the schema of an application. It does not change.
type Schema struct {
	sdl   string
	hash  string
	types *ast.Schema
	lax   *laxSchema
}

// Load reads a schema in the schema definition language. The schema has all default
// values.
func Load(sdl string) (*Schema, error) { return load(sdl, true) }

// FromNode reads the schema of a node: the result of Absinthe.Schema.to_sdl/1 and the
// answer to [Introspection], one of which may be empty. The SDL takes precedence unless
// it is unreadable or misleading. Default values come from the introspection; without
// it, no argument is required.
func FromNode(sdl string, introspection []byte) (*Schema, error) {
	introspected, err := readIntrospection(introspection)
	if sdl == "" {
		if err != nil {
			return nil, err
		}
		return fromDefinitions(introspected)
	}
	if err != nil {
		return load(sdl, false)
	}
	if !hasBlockQuotes(introspection) {
		if s, err := loadCompleted(sdl, introspected); err == nil {
			return s, nil
		}
	}
	return fromDefinitions(introspected)
}

// hasBlockQuotes reports whether a text, such as a description, contains three quotation
// marks. Absinthe does not escape them in texts of several lines: they end the text, and
// the rest of it reads as definitions or not at all.
func hasBlockQuotes(introspection []byte) bool {
	return bytes.Contains(introspection, []byte(`\"\"\"`))
}

// loadCompleted reads a schema and adds the default values of the introspected one.
func loadCompleted(sdl string, introspected *ast.SchemaDocument) (*Schema, error) {
	doc, err := parseSDL(sdl)
	if err != nil {
		return nil, err
	}
	if addDefaults(doc, introspected) {
		sdl = format(doc)
	}
	return Load(sdl)
}

// fromDefinitions reads an introspected schema. If it is unreadable, the descriptions are
// dropped: they may contain characters that SDL does not allow.
func fromDefinitions(introspected *ast.SchemaDocument) (*Schema, error) {
	if err := checkSize(introspected); err != nil {
		return nil, err
	}
	if s, err := Load(format(introspected)); err == nil {
		return s, nil
	}
	return Load(format(introspected, formatter.WithoutDescription()))
}

func load(sdl string, defaultsKnown bool) (*Schema, error) {
	text, err := canonical(sdl)
	if err != nil {
		return nil, err
	}
	types, err := parseTypes(sdl)
	if err != nil {
		return nil, err
	}
	lax, err := parseTypes(sdl) // relax changes it
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text))
	return &Schema{sdl: sdl, hash: hex.EncodeToString(sum[:]), types: types, lax: relax(lax, defaultsKnown)}, nil
}

func parseTypes(sdl string) (*ast.Schema, error) {
	types, err := validator.LoadSchema(validator.Prelude, &ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if types.Query == nil {
		return nil, errors.New("schema: the query type is missing")
	}
	return types, nil
}

// HasSubscriptions reports whether the schema has a subscription type.
func (s *Schema) HasSubscriptions() bool { return s.types.Subscription != nil }

// SDL returns the schema in the schema definition language.
func (s *Schema) SDL() string { return s.sdl }

// Hash returns the SHA-256 of the schema, in hexadecimal. It does not depend on
// descriptions, white space and the order of definitions.
func (s *Schema) Hash() string { return s.hash }

// ShortHash returns the first 8 characters of the hash.
func (s *Schema) ShortHash() string { return s.hash[:8] }

// parseSDL parses a schema of bounded size.
func parseSDL(sdl string) (*ast.SchemaDocument, error) {
	if len(sdl) > maxSDLBytes {
		return nil, fmt.Errorf("schema: %d bytes are more than %d", len(sdl), maxSDLBytes)
	}
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return doc, checkSize(doc)
}

// canonical returns the schema sorted by name and without descriptions.
func canonical(sdl string) (string, error) {
	doc, err := parseSDL(sdl)
	if err != nil {
		return "", err
	}
	for _, s := range doc.Schema {
		slices.SortFunc(s.OperationTypes, func(a, b *ast.OperationTypeDefinition) int { return cmp.Compare(a.Operation, b.Operation) })
	}
	slices.SortFunc(doc.Directives, func(a, b *ast.DirectiveDefinition) int { return cmp.Compare(a.Name, b.Name) })
	for _, d := range doc.Directives {
		slices.Sort(d.Locations)
		sortArguments(d.Arguments)
	}
	slices.SortFunc(doc.Definitions, func(a, b *ast.Definition) int { return cmp.Compare(a.Name, b.Name) })
	for _, d := range doc.Definitions {
		slices.Sort(d.Interfaces)
		slices.Sort(d.Types)
		slices.SortFunc(d.EnumValues, func(a, b *ast.EnumValueDefinition) int { return cmp.Compare(a.Name, b.Name) })
		slices.SortFunc(d.Fields, func(a, b *ast.FieldDefinition) int { return cmp.Compare(a.Name, b.Name) })
		for _, f := range d.Fields {
			sortArguments(f.Arguments)
		}
	}
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithoutDescription()).FormatSchemaDocument(doc)
	return text.String(), nil
}

func sortArguments(args ast.ArgumentDefinitionList) {
	slices.SortFunc(args, func(a, b *ast.ArgumentDefinition) int { return cmp.Compare(a.Name, b.Name) })
}
