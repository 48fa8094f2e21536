package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/graph-gophers/graphql-go"
)

// A decimal is the scalar Decimal, in hundredths.
type decimal int64

// decimalForm is the form of a decimal. Its length keeps the value in range.
var decimalForm = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,2})?$`)

func parseDecimal(text string) (decimal, error) {
	if !decimalForm.MatchString(text) {
		return 0, fmt.Errorf("invalid decimal %q: write at most 15 digits, and at most 2 after the point", text)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	hundredths, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	return decimal(hundredths), err
}

func (d decimal) String() string {
	sign, digits := "", strconv.FormatInt(int64(d), 10)
	if d < 0 {
		sign, digits = "-", digits[1:]
	}
	digits = strings.Repeat("0", max(0, 3-len(digits))) + digits
	point := len(digits) - 2
	return sign + digits[:point] + "." + digits[point:]
}

func (d decimal) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func (d *decimal) UnmarshalJSON(text []byte) (err error) {
	*d, err = parseDecimal(string(bytes.Trim(text, `"`)))
	return err
}

func (decimal) ImplementsGraphQLType(name string) bool { return name == "Decimal" }

func (d *decimal) UnmarshalGraphQL(input any) (err error) {
	switch v := input.(type) {
	case string:
		*d, err = parseDecimal(v)
	case float64:
		*d, err = parseDecimal(strconv.FormatFloat(v, 'f', -1, 64))
	default:
		*d, err = parseDecimal(fmt.Sprint(v)) // an integer, or a type that parseDecimal refuses
	}
	return err
}

// A dateTime is the scalar DateTime.
type dateTime struct{ graphql.Time }

func (dateTime) ImplementsGraphQLType(name string) bool { return name == "DateTime" }

// A float is the scalar Float. Unlike float64 it has a point in JSON when it is
// whole: Elixir sends 2.0 as a float, never as the integer 2.
type float float64

func (f float) MarshalJSON() ([]byte, error) {
	text := strconv.AppendFloat(nil, float64(f), 'f', -1, 64)
	if !bytes.Contains(text, []byte(".")) {
		text = append(text, ".0"...)
	}
	return text, nil
}

func (float) ImplementsGraphQLType(name string) bool { return name == "Float" }

func (f *float) UnmarshalGraphQL(input any) error {
	switch v := input.(type) {
	case float64:
		*f = float(v)
	case int32:
		*f = float(v)
	default:
		return fmt.Errorf("wrong type for Float: %T", input)
	}
	return nil
}

// A text is an argument of the scalar String. For the Go type string, graphql-go
// would accept a number as the code point of a character.
type text string

func (text) ImplementsGraphQLType(name string) bool { return name == "String" }

func (t *text) UnmarshalGraphQL(input any) error {
	s, ok := input.(string)
	if !ok {
		return fmt.Errorf("wrong type for String: %T", input)
	}
	*t = text(s)
	return nil
}
