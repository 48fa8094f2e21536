// Package configschema generates the JSON Schema of the configuration: names and types from
// the code, and descriptions from the tables of the documentation, whose defaults it compares
// with those of the code. It is not part of the program, which prints the result.
package configschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/internal/config"
	"github.com/louche-graphql/louche/internal/secret"
	"github.com/louche-graphql/louche/ratelimit"
)

// address is where the schema is published.
const address = "https://raw.githubusercontent.com/louche-graphql/louche/main/docs/louche.schema.json"

type object = map[string]any

// forms are the schemas of types that unmarshal themselves.
var forms = map[reflect.Type]object{
	reflect.TypeFor[time.Duration](): {"type": []string{"string", "integer"}, "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$`},
	reflect.TypeFor[netip.Prefix]():  {"type": "string", "examples": []string{"10.0.0.0/8"}},
	reflect.TypeFor[secret.Source](): {
		"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
		"properties": object{
			"file": object{"type": "string", "description": "The file with the secret. Surrounding white space is removed."},
			"env":  object{"type": "string", "description": "The environment variable with the secret."},
		},
	},
	reflect.TypeFor[auth.ClaimPath](): {"anyOf": []object{{"type": "string"}, {"type": "array", "items": object{"type": []string{"string", "integer"}}, "minItems": 1}}},
	reflect.TypeFor[auth.Type](): {"anyOf": []object{{"enum": auth.ScalarTypes()}, {
		"type": "array", "items": object{"enum": auth.ScalarTypes()}, "minItems": 1, "maxItems": 1,
	}}},
	reflect.TypeFor[ratelimit.By](): {"anyOf": []object{{"enum": []string{"address", "identity"}}, {
		"type": "object", "properties": object{"claim": object{"type": "string"}}, "required": []string{"claim"}, "additionalProperties": false,
	}}},
	reflect.TypeFor[ratelimit.RedisTLS](): {"anyOf": []object{{"type": "boolean"}, {
		"type": "object", "properties": object{"ca_file": object{"type": "string"}}, "additionalProperties": false,
	}}},
}

// nested is the definition of sections that nest without end, by their type.
var nested = map[reflect.Type]string{reflect.TypeFor[auth.ContextConfig](): "context"}

type generator struct {
	rows        map[string]row      // of the documentation, by path
	values      map[string][]string // the valid values of texts, by path
	definitions object
	problems    []error
}

// Generate returns the schema. pages are the texts of the documentation. The error has a line
// for each key without a description, and for each default that differs from the code.
func Generate(pages ...string) ([]byte, error) {
	defaults, err := codeDefaults()
	if err != nil {
		return nil, err
	}
	g := &generator{rows: readTables(pages), values: validValues(), definitions: make(object)}
	root := g.section(reflect.TypeFor[config.Config](), reflect.ValueOf(*defaults), "")
	maps.Copy(root, object{"$schema": "http://json-schema.org/draft-07/schema#", "$id": address, "title": "Configuration of Louche", "definitions": g.definitions})
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), errors.Join(append(g.problems, err)...)
}

// section returns the schema of a section.
func (g *generator) section(t reflect.Type, value reflect.Value, path string) object {
	properties := make(object)
	g.addKeys(properties, t, value, path)
	return object{"type": "object", "properties": properties, "additionalProperties": false}
}

// addKeys adds the keys of a section, with those of the sections that it embeds.
func (g *generator) addKeys(properties object, t reflect.Type, value reflect.Value, path string) {
	for field := range t.Fields() {
		key, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		var of reflect.Value
		if value.IsValid() {
			of = value.FieldByIndex(field.Index)
		}
		switch {
		case option == "inline":
			g.addKeys(properties, field.Type, of, path)
		case key != "" && key != "-":
			properties[key] = g.key(field.Type, of, strings.TrimPrefix(path+"."+key, "."))
		}
	}
}

// key returns the schema of a key with its description and its default.
func (g *generator) key(t reflect.Type, value reflect.Value, path string) object {
	schema := maps.Clone(g.schema(t, value, path))
	row, described := g.rows[path]
	switch {
	case described:
		schema["description"] = row.meaning
		if examples := row.examples(); len(examples) > 0 && schema["type"] == "string" {
			schema["examples"] = examples
		}
	case !isSection(schema):
		g.problems = append(g.problems, fmt.Errorf("%s: no table of the documentation has this key; add a row with the columns key, default and meaning, as in docs/configuration.md", path))
	}
	stated, isStated := row.value()
	if isStated {
		schema["default"] = stated
	}
	coded, isCoded := plain(value)
	if described && isCoded && (isStated && !equal(stated, coded) || row.isNone()) {
		g.problems = append(g.problems, fmt.Errorf("%s: the documentation has the default %s, the code %v", path, row.fallback, coded))
	}
	return schema
}

// isSection reports whether a schema is that of a section, or of a list of sections.
func isSection(schema object) bool {
	items, _ := schema["items"].(object)
	return schema["properties"] != nil || items["properties"] != nil || schema["$ref"] != nil
}

// equal compares a default of the documentation with one of the code.
func equal(stated, coded any) bool {
	if duration, ok := coded.(time.Duration); ok {
		parsed, err := time.ParseDuration(fmt.Sprint(stated))
		return err == nil && parsed == duration
	}
	return fmt.Sprint(stated) == fmt.Sprint(coded)
}

// schema returns the schema of a value.
func (g *generator) schema(t reflect.Type, value reflect.Value, path string) object {
	for t.Kind() == reflect.Pointer {
		t, value = t.Elem(), reflect.Indirect(value)
	}
	if form, ok := forms[t]; ok {
		return form
	}
	if name, ok := nested[t]; ok {
		if _, defined := g.definitions[name]; !defined {
			g.definitions[name] = nil // its fields refer to it
			g.definitions[name] = object{"type": "object", "additionalProperties": g.schema(t.Elem(), reflect.Value{}, path)}
		}
		return object{"$ref": "#/definitions/" + name}
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.section(t, value, path)
	case reflect.Slice:
		var first reflect.Value
		if value.IsValid() && value.Len() > 0 {
			first = value.Index(0)
		}
		return object{"type": "array", "items": g.schema(t.Elem(), first, path)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": g.schema(t.Elem(), reflect.Value{}, path)}
	case reflect.Interface:
		return object{}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		if values := g.values[path]; values != nil {
			return object{"enum": values}
		}
		return object{"type": "string"}
	case reflect.Float64:
		return object{"type": "number"}
	}
	return object{"type": "integer"}
}

// plain returns a default of the code as the documentation writes it. ok is false for
// sections, and for keys without a default.
func plain(value reflect.Value) (_ any, ok bool) {
	for value.IsValid() && value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if !value.IsValid() || value.IsZero() || slices.Contains([]reflect.Kind{reflect.Struct, reflect.Map}, value.Kind()) {
		return nil, false
	}
	return value.Interface(), value.Kind() != reflect.Slice || value.Type().Elem().Kind() == reflect.String
}
