package jwt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	// maxDigits bounds a number. Longer ones cost more than they say.
	maxDigits = 1000
	// maxDepth bounds how deep claims are nested.
	maxDepth = 32
)

// decodeBase64 reads base64url without padding, and of several texts for the same bytes
// only the one that an encoder makes.
func decodeBase64(part string) ([]byte, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || strings.ContainsAny(part, "\r\n") { // which the decoder skips
		return nil, errors.New("not base64url")
	}
	return decoded, nil
}

// decodeObject reads a part of a token: base64url of a JSON object. Members that come
// twice are refused, since others might see the other one, and so is text that is not
// UTF-8.
func decodeObject(part string) (map[string]any, error) {
	text, err := decodeBase64(part)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	var object map[string]any
	if decoder.Decode(&object) != nil || object == nil || decoder.Decode(new(any)) != io.EOF {
		return nil, errors.New("not a JSON object without repeated members")
	}
	for name, v := range object {
		if object[name], err = convertNumbers(v, 1); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// value has integers as int64, or *big.Int where that is too small, and other numbers
// as float64.
func convertNumbers(v any, depth int) (_ any, err error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	switch v := v.(type) {
	case json.Number:
		return parseNumber(string(v))
	case []any:
		for i := range v {
			if v[i], err = convertNumbers(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range v {
			if v[name], err = convertNumbers(v[name], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func parseNumber(text string) (any, error) {
	if len(text) > maxDigits {
		return nil, errors.New("a number is too long")
	}
	if strings.ContainsAny(text, ".eE") {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, errors.New("a number is too large")
		}
		return v, nil
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, nil
	}
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, errors.New("a number is none")
	}
	return v, nil
}

// maxDate is the end of the year 9999, after which no token means what it says.
const maxDate = 253402300799

// date reads a NumericDate (RFC 7519, 2): seconds since 1970, perhaps with a fraction.
func parseNumericDate(v any) (_ time.Time, ok bool) {
	switch v := v.(type) {
	case int64:
		return time.Unix(v, 0), v >= 0 && v <= maxDate
	case float64:
		if v >= 0 && v <= maxDate {
			seconds := int64(v)
			return time.Unix(seconds, int64((v-float64(seconds))*1e9)), true
		}
	}
	return time.Time{}, false
}
