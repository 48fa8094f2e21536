package auth

import (
	"fmt"
	"slices"
	"strings"
)

// A Type is what the value of an entry is on the BEAM. In the configuration it is a
// scalar's name, or a list of one, [integer], for a list. The zero Type is that of a
// claim as it is, of a constant as YAML has it, and of all else string.
type Type struct {
	Scalar string // one of scalars
	List   bool
}

const (
	stringType  = "string"
	integerType = "integer"
	floatType   = "float"
	booleanType = "boolean"
	decimalType = "decimal" // the struct of the library decimal
	atomType    = "atom"    // one of a list in the configuration
)

var scalarTypes = []string{stringType, integerType, floatType, booleanType, decimalType, atomType}

// UnmarshalYAML reads integer or [integer].
func (t *Type) UnmarshalYAML(unmarshal func(any) error) error {
	var scalar string
	if unmarshal(&scalar) == nil {
		*t = Type{Scalar: scalar}
		return t.validate()
	}
	var list []string
	if err := unmarshal(&list); err != nil || len(list) != 1 {
		return fmt.Errorf("a type is one of %s, or a list of one such as [integer]", strings.Join(scalarTypes, ", "))
	}
	*t = Type{Scalar: list[0], List: true}
	return t.validate()
}

func (t Type) validate() error {
	if !slices.Contains(scalarTypes, t.Scalar) {
		return fmt.Errorf("unknown type %q; the types are %s, and lists of one such as [integer]", t.Scalar, strings.Join(scalarTypes, ", "))
	}
	return nil
}

func (t Type) String() string {
	if t.List {
		return "list of " + t.Scalar
	}
	return t.Scalar
}
