package phoenix

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxDepth is the maximum depth of a token's term.
const maxDepth = 32

// Errors about terms are logged, so they contain no part of the term.
var (
	errMalformed         = errors.New("the token does not contain a term in the external term format")
	errTooDeep           = errors.New("the term in the token is nested too deeply")
	errUnsupportedTerm   = errors.New("the term in the token contains a value that cannot be a claim, such as a pid, a function or an improper list")
	errMapKeys           = errors.New("the term in the token contains a map with a key that is neither an atom nor a string, or with two keys of the same text")
	errUnsupportedStruct = errors.New("the term in the token contains a struct other than Date, Time, NaiveDateTime, DateTime and Decimal")
	errNilTerm           = errors.New("the token contains nil: the application signed it for a user who was not logged in")
	errPackedTerm        = errors.New("the term in the token has the option compressed or local; sign the token without them")
)

// decodeTerm consumes a term and returns it as a claim. Atoms become strings, except true,
// false and nil. Tuples and charlists become lists. Keys of maps become strings. Structs
// for times and decimal numbers become their text.
func decodeTerm(d *etf.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	tag, err := d.Tag()
	if err != nil {
		return nil, err
	}
	switch tag {
	case etf.TagBinary:
		b, err := d.Binary()
		return string(b), err
	case etf.TagSmallInteger, etf.TagInteger, etf.TagSmallBig, etf.TagLargeBig:
		v, err := d.Big()
		if err == nil && v.IsInt64() {
			return v.Int64(), nil
		}
		return v, err
	case etf.TagNewFloat, etf.TagFloat:
		v, err := d.Float()
		return v, err
	case etf.TagSmallAtomUTF8, etf.TagAtomUTF8, etf.TagAtom, etf.TagSmallAtom:
		return decodeAtom(d)
	case etf.TagSmallTuple, etf.TagLargeTuple:
		n, err := d.Tuple()
		if err != nil {
			return nil, err
		}
		return decodeTerms(d, n, depth)
	case etf.TagList, etf.TagNil:
		return decodeList(d, depth)
	case etf.TagString:
		return decodeCharlist(d)
	case etf.TagMap:
		return decodeMap(d, depth)
	case etf.TagCompressed, etf.TagLocal:
		return nil, errPackedTerm
	}
	if err := d.Skip(); err != nil {
		return nil, err
	}
	return nil, errUnsupportedTerm
}

func decodeAtom(d *etf.Decoder) (any, error) {
	name, err := d.Atom()
	if err != nil {
		return nil, err
	}
	switch name {
	case "nil":
		return nil, nil
	case "true", "false":
		return name == "true", nil
	}
	return name, nil
}

func decodeTerms(d *etf.Decoder, n, depth int) (any, error) {
	list := make([]any, n)
	for i := range list {
		var err error
		if list[i], err = decodeTerm(d, depth+1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func decodeList(d *etf.Decoder, depth int) (any, error) {
	n, err := d.List()
	if err != nil {
		return nil, err
	}
	elements, err := decodeTerms(d, n, depth)
	if err == nil && n > 0 && d.Nil() != nil {
		return nil, errUnsupportedTerm
	}
	return elements, err
}

// decodeCharlist consumes a STRING_EXT, the short form of a list of bytes.
func decodeCharlist(d *etf.Decoder) (any, error) {
	t, err := d.Term()
	if err != nil {
		return nil, err
	}
	const header = 3
	list := make([]any, len(t.Bytes)-header)
	for i, b := range t.Bytes[header:] {
		list[i] = int64(b)
	}
	return list, nil
}

func decodeMap(d *etf.Decoder, depth int) (any, error) {
	whole := *d
	n, err := d.Map()
	if err != nil {
		return nil, err
	}
	members := make(map[string]any, n)
	for range n {
		key, err := decodeKey(d)
		if err != nil {
			return nil, err
		}
		if _, repeated := members[key]; repeated {
			return nil, errMapKeys
		}
		if members[key], err = decodeTerm(d, depth+1); err != nil {
			return nil, err
		}
	}
	if _, isStruct := members["__struct__"]; isStruct {
		return decodeStruct(&whole)
	}
	return members, nil
}

func decodeKey(d *etf.Decoder) (string, error) {
	tag, err := d.Tag()
	if err != nil {
		return "", err
	}
	switch tag {
	case etf.TagBinary:
		b, err := d.Binary()
		return string(b), err
	case etf.TagSmallAtomUTF8, etf.TagAtomUTF8, etf.TagAtom, etf.TagSmallAtom:
		text, err := d.Atom()
		return text, err
	}
	return "", errMapKeys
}

// decodeStruct consumes a struct that is a string in JSON, and returns the string.
func decodeStruct(d *etf.Decoder) (any, error) {
	t, err := d.Term()
	if err != nil {
		return nil, err
	}
	// A Decimal may have more digits than its term has bytes.
	quoted, err := t.AppendJSONWithin(context.Background(), nil, MaxTokenSize)
	if err != nil {
		return nil, errUnsupportedStruct
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil, errUnsupportedStruct
	}
	return text, nil
}
