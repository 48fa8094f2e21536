package auth

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxDigits bounds the digits of integers and decimals and the exponents of decimals, and
// so the cost of parsing them.
const maxDigits = 1000

// A converter appends values as terms of its type.
type converter struct {
	Type
	// atoms are the encoded atoms of the configuration. No text of a client becomes
	// another atom, because a node never frees an atom.
	atoms map[string][]byte
}

func newConverter(t Type, atoms []string) converter {
	c := converter{Type: t}
	for _, name := range atoms {
		if c.atoms == nil {
			c.atoms = make(map[string][]byte)
		}
		c.atoms[name] = etf.AppendAtom(nil, name)
	}
	return c
}

// appendText appends a text of a request. Commas separate the elements of a list. ok
// reports whether the text has the type.
func (c *converter) appendText(b []byte, text string) (_ []byte, ok bool) {
	if !c.List {
		return c.appendScalar(b, text)
	}
	b = etf.AppendList(b, strings.Count(text, ",")+1)
	for element := range strings.SplitSeq(text, ",") {
		if b, ok = c.appendScalar(b, strings.TrimSpace(element)); !ok {
			return b, false
		}
	}
	return etf.AppendNil(b), true
}

// appendClaim appends a claim. ok reports whether the claim has the type, or is a text or a
// number that converts to it. A text also converts to a list: the claims of proxy_headers
// are texts.
func (c *converter) appendClaim(b []byte, claim any) (_ []byte, ok bool) {
	if c.Type == (Type{}) {
		return appendClaim(b, claim), true
	}
	if !c.List {
		return c.appendClaimScalar(b, claim)
	}
	if text, ok := claim.(string); ok {
		return c.appendText(b, text)
	}
	list, ok := claim.([]any)
	if !ok {
		return b, false
	}
	b = etf.AppendList(b, len(list))
	for _, element := range list {
		if b, ok = c.appendClaimScalar(b, element); !ok {
			return b, false
		}
	}
	return etf.AppendNil(b), true
}

func (c *converter) appendClaimScalar(b []byte, claim any) ([]byte, bool) {
	switch v := claim.(type) {
	case string:
		return c.appendScalar(b, v)
	case bool:
		return etf.AppendBool(b, v), c.Scalar == booleanType
	case int64:
		if c.Scalar == integerType {
			return etf.AppendInt(b, v), true
		}
		return c.appendScalar(b, strconv.FormatInt(v, 10))
	case *big.Int:
		return c.appendScalar(b, v.String())
	case float64:
		switch c.Scalar {
		case floatType:
			return etf.AppendFloat(b, v), true
		case decimalType: // the shortest digits that parse to this float
			return appendDecimal(b, strconv.FormatFloat(v, 'e', -1, 64))
		}
	}
	return b, false
}

// appendConstant appends a value of the configuration. Unlike a claim, it must have the
// YAML type that the type requires.
func (c *converter) appendConstant(b []byte, v any) ([]byte, error) {
	if v == nil || c.Type == (Type{}) {
		return appendConstant(b, v)
	}
	v = claimValue(v)
	elements := []any{v}
	if c.List {
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("%s is not of type %s", yamlTypeName(v), c.Type)
		}
		elements = list
	}
	for _, element := range elements {
		if !c.acceptsYAML(element) {
			return nil, fmt.Errorf("%s is not of type %s", yamlTypeName(element), c.Scalar)
		}
	}
	b, ok := c.appendClaim(b, v)
	switch {
	case !ok && c.Scalar == atomType:
		return nil, errors.New("the value is not in atoms")
	case !ok:
		return nil, fmt.Errorf("the value is not of type %s", c.Type)
	}
	return b, nil
}

// acceptsYAML reports whether a constant of the type can have the YAML type of v. The
// digits of a decimal are a string, because YAML reads 1.50 as 1.5.
func (c *converter) acceptsYAML(v any) bool {
	switch v.(type) {
	case string:
		return c.Scalar == stringType || c.Scalar == decimalType || c.Scalar == atomType
	case bool:
		return c.Scalar == booleanType
	case int64, *big.Int:
		return c.Scalar == integerType || c.Scalar == decimalType || c.Scalar == floatType
	case float64:
		return c.Scalar == floatType
	}
	return false
}

// yamlTypeName names the type of a value of the configuration, for errors.
func yamlTypeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64, *big.Int:
		return "an integer"
	case float64:
		return "a float"
	case []any:
		return "a list"
	}
	return "a map"
}

func (c *converter) appendScalar(b []byte, text string) ([]byte, bool) {
	switch c.Scalar {
	case integerType:
		return appendInteger(b, text)
	case floatType:
		// ParseFloat also accepts inf, nan and hexadecimal.
		if strings.Trim(text, "+-0123456789.eE") != "" {
			return b, false
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return b, false
		}
		return etf.AppendFloat(b, v), true
	case booleanType:
		return etf.AppendBool(b, text == "true"), text == "true" || text == "false"
	case decimalType:
		return appendDecimal(b, text)
	case atomType:
		atom, ok := c.atoms[text]
		return append(b, atom...), ok
	}
	return etf.AppendBinary(b, text), utf8.ValidString(text)
}

// appendInteger appends an integer in decimal digits.
func appendInteger(b []byte, text string) ([]byte, bool) {
	digits := strings.TrimPrefix(text, "-")
	if !isDigits(digits) || len(digits) > maxDigits {
		return b, false
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return etf.AppendInt(b, v), true
	}
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return b, false
	}
	return etf.AppendBig(b, v), true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
