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

// A Schema is what an application says that it answers: a contract, to hold
// documents and other schemas against. It does not change.
type Schema struct {
	sdl   string
	hash  string
	types *ast.Schema
	lax   *laxSchema
}

// Load reads a schema in the schema definition language.
func Load(sdl string) (*Schema, error) { return loadWith(sdl, true) }

// LoadWithoutDefaults is Load for a schema in which arguments and input fields may
// have default values that are not written there: none is demanded.
func LoadWithoutDefaults(sdl string) (*Schema, error) { return loadWith(sdl, false) }

// FromNode reads the schema that a node told: the answer to
// Absinthe.Schema.to_sdl/1 and that to [Introspection], either of which may be empty.
// Where both are there, the former counts if it can be read as it was meant.
func FromNode(sdl string, introspection []byte) (*Schema, error) {
	told, untold := readIntrospection(introspection)
	if sdl == "" {
		if untold != nil {
			return nil, untold
		}
		return fromDefinitions(told)
	}
	if untold != nil {
		return LoadWithoutDefaults(sdl)
	}
	if !hasBlockQuotes(introspection) {
		if s, err := loadCompleted(sdl, told); err == nil {
			return s, nil
		}
	}
	return fromDefinitions(told)
}

// hasBlockQuotes reports whether a description, say, has three quotation marks in it.
// Absinthe prints those of a text of several lines as they are: they end it, and what
// follows reads as definitions, or cannot be read.
func hasBlockQuotes(introspection []byte) bool {
	return bytes.Contains(introspection, []byte(`\"\"\"`))
}

// loadCompleted reads a schema, to which it adds the default values that were told.
func loadCompleted(sdl string, told *ast.SchemaDocument) (*Schema, error) {
	doc, err := parseSDL(sdl)
	if err != nil {
		return nil, err
	}
	if addDefaults(doc, told) {
		sdl = format(doc)
	}
	return Load(sdl)
}

// fromDefinitions reads a schema that introspection told, if need be without its
// descriptions: they may hold characters that a schema cannot.
func fromDefinitions(told *ast.SchemaDocument) (*Schema, error) {
	if err := checkSize(told); err != nil {
		return nil, err
	}
	if s, err := Load(format(told)); err == nil {
		return s, nil
	}
	return Load(format(told, formatter.WithoutDescription()))
}

func loadWith(sdl string, defaults bool) (*Schema, error) {
	text, err := canonical(sdl)
	if err != nil {
		return nil, err
	}
	types, err := load(sdl)
	if err != nil {
		return nil, err
	}
	lax, err := load(sdl) // a copy of its own, to be changed
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text))
	return &Schema{sdl: sdl, hash: hex.EncodeToString(sum[:]), types: types, lax: relax(lax, defaults)}, nil
}

func load(sdl string) (*ast.Schema, error) {
	types, err := validator.LoadSchema(validator.Prelude, &ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if types.Query == nil {
		return nil, errors.New("schema: there is no query type, which every schema has")
	}
	return types, nil
}

// HasSubscriptions reports whether clients can subscribe.
func (s *Schema) HasSubscriptions() bool { return s.types.Subscription != nil }

// SDL is the text that was loaded.
func (s *Schema) SDL() string { return s.sdl }

// Hash tells schemas apart: it is the same, in hexadecimal, for those that differ
// in nothing but the order of their parts, descriptions and white space.
func (s *Schema) Hash() string { return s.hash }

// shortHash is how much of a hash is shown to people.
const shortHash = 8

// ShortHash is the beginning of the hash, as it is shown to people.
func (s *Schema) ShortHash() string { return s.hash[:shortHash] }

// parseSDL reads a schema that may be larger than is good.
func parseSDL(sdl string) (*ast.SchemaDocument, error) {
	if len(sdl) > maxText {
		return nil, fmt.Errorf("schema: %d bytes, more than %d", len(sdl), maxText)
	}
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return doc, checkSize(doc)
}

// canonical is the schema with its parts in the order of their names and without
// descriptions.
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
