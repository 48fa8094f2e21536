package auth

import (
	"fmt"
	"slices"
	"strings"
)

// A Type is the type of a value on the BEAM. In the configuration it is the name of a
// scalar, or a list of one name, such as [integer]. The zero Type keeps the type of a claim
// or a constant, and is string for other values.
type Type struct {
	Scalar string // one of scalarTypes
	List   bool
}

const (
	stringType  = "string"
	integerType = "integer"
	floatType   = "float"
	booleanType = "boolean"
	decimalType = "decimal" // the struct of the library decimal
	atomType    = "atom"    // one of ContextField.Atoms
)

var scalarTypes = []string{stringType, integerType, floatType, booleanType, decimalType, atomType}

// ScalarTypes returns the names of the scalars.
func ScalarTypes() []string { return slices.Clone(scalarTypes) }

// UnmarshalYAML reads a name or a list of one name.
func (t *Type) UnmarshalYAML(unmarshal func(any) error) error {
	var scalar string
	if unmarshal(&scalar) == nil {
		*t = Type{Scalar: scalar}
		return t.validate()
	}
	var list []string
	if err := unmarshal(&list); err != nil || len(list) != 1 {
		return fmt.Errorf("a type is one of %s, or a list of one of them, such as [integer]", strings.Join(scalarTypes, ", "))
	}
	*t = Type{Scalar: list[0], List: true}
	return t.validate()
}

func (t Type) validate() error {
	if !slices.Contains(scalarTypes, t.Scalar) {
		return fmt.Errorf("unknown type; the types are %s, and lists of one of them, such as [integer]", strings.Join(scalarTypes, ", "))
	}
	return nil
}

func (t Type) String() string {
	if t.List {
		return "list of " + t.Scalar
	}
	return t.Scalar
}
