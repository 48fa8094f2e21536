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

	"github.com/go-jose/go-jose/v4/json"

	"github.com/louche-graphql/louche/internal/strictjson"
)

const (
	// maxDigits bounds the text of a number, and so the cost of parsing it.
	maxDigits = 1000
	// maxDepth bounds the depth of claims.
	maxDepth = 32
)

// decodeBase64 decodes base64url without padding. It accepts only the canonical text of
// each sequence of bytes.
func decodeBase64(part string) ([]byte, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || strings.ContainsAny(part, "\r\n") { // the decoder skips these
		return nil, errors.New("not base64url")
	}
	return decoded, nil
}

// decodeObject decodes a part of a token: base64url of a JSON object. It refuses repeated
// members, of which another parser may read a different one, invalid UTF-8 and lone surrogates:
// two subjects that differ there would become one.
func decodeObject(part string) (map[string]any, error) {
	text, err := decodeBase64(part)
	if err != nil {
		return nil, err
	}
	if err := strictjson.Check(text); err != nil {
		return nil, errors.New("not JSON in UTF-8")
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

// convertNumbers converts each json.Number to int64, to *big.Int where int64 is too small,
// or to float64.
func convertNumbers(v any, depth int) (_ any, err error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
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
		return nil, errors.New("a number has too many digits")
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
		return nil, errors.New("invalid number")
	}
	return v, nil
}

// maxDate is the end of the year 9999. A later date is a mistake.
const maxDate = 253402300799

// parseNumericDate parses a NumericDate (RFC 7519, 2): seconds since 1970, with an optional fraction.
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
