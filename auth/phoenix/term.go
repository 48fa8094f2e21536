package phoenix

import (
	"encoding/json"
	"errors"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxDepth is how deep a token's term may be nested.
const maxDepth = 32

// Errors of terms name no part of them: they are for the log, the content is not.
var (
	errMalformed         = errors.New("what the token holds is not a term in Erlang's external term format")
	errTooDeep           = errors.New("what the token holds is nested too deep")
	errUnsupportedTerm   = errors.New("the token holds something that is no claim, such as a pid, a function or an improper list")
	errMapKeys           = errors.New("the token holds a map with keys that are neither atoms nor strings, or with two of the same text")
	errUnsupportedStruct = errors.New("the token holds a struct that is not a Date, Time, NaiveDateTime, DateTime or Decimal")
	errNilTerm           = errors.New("the token holds nil: it was signed while nobody was logged in")
	errPackedTerm        = errors.New("the term in the token is compressed, or in a form that only the node which made it can read; make it without the options compressed and local")
)

// value consumes a term: atoms are strings, but for true, false and nil; tuples and
// charlists are lists, the keys of maps text, and structs that stand for a time or a
// decimal number their text.
func decodeTerm(d *etf.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	tag, err := d.Tag()
	if err != nil {
		return nil, errMalformed
	}
	switch tag {
	case etf.TagBinary:
		b, err := d.Binary()
		return string(b), malformed(err)
	case etf.TagSmallInteger, etf.TagInteger, etf.TagSmallBig, etf.TagLargeBig:
		v, err := d.Big()
		if err != nil {
			return nil, errMalformed
		}
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return v, nil
	case etf.TagNewFloat, etf.TagFloat:
		v, err := d.Float()
		return v, malformed(err)
	case etf.TagSmallAtomUTF8, etf.TagAtomUTF8, etf.TagAtom, etf.TagSmallAtom:
		return decodeAtom(d)
	case etf.TagSmallTuple, etf.TagLargeTuple:
		n, err := d.Tuple()
		if err != nil {
			return nil, errMalformed
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
	if d.Skip() != nil {
		return nil, errMalformed
	}
	return nil, errUnsupportedTerm
}

func malformed(err error) error {
	if err != nil {
		return errMalformed
	}
	return nil
}

func decodeAtom(d *etf.Decoder) (any, error) {
	name, err := d.Atom()
	if err != nil {
		return nil, errMalformed
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
		return nil, errMalformed
	}
	elements, err := decodeTerms(d, n, depth)
	if err == nil && n > 0 && d.Nil() != nil {
		return nil, errUnsupportedTerm
	}
	return elements, err
}

// bytes consumes a list of bytes in the short form that a charlist has.
func decodeCharlist(d *etf.Decoder) (any, error) {
	t, err := d.Term()
	if err != nil {
		return nil, errMalformed
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
		return nil, errMalformed
	}
	members := make(map[string]any, n)
	for range n {
		key, err := decodeKey(d)
		if err != nil {
			return nil, err
		}
		if _, taken := members[key]; taken {
			return nil, errMapKeys
		}
		if members[key], err = decodeTerm(d, depth+1); err != nil {
			return nil, err
		}
	}
	if _, is := members["__struct__"]; is {
		return decodeStruct(&whole)
	}
	return members, nil
}

// name consumes the key of a map.
func decodeKey(d *etf.Decoder) (string, error) {
	tag, err := d.Tag()
	if err != nil {
		return "", errMalformed
	}
	switch tag {
	case etf.TagBinary:
		b, err := d.Binary()
		return string(b), malformed(err)
	case etf.TagSmallAtomUTF8, etf.TagAtomUTF8, etf.TagAtom, etf.TagSmallAtom:
		text, err := d.Atom()
		return text, malformed(err)
	}
	return "", errMapKeys
}

// decodeStruct consumes a struct that has a text in JSON.
func decodeStruct(d *etf.Decoder) (any, error) {
	t, err := d.Term()
	if err != nil {
		return nil, errMalformed
	}
	// A Decimal may have more digits than its term has bytes.
	quoted, err := t.AppendJSONWithin(nil, MaxTokenSize)
	if err != nil {
		return nil, errUnsupportedStruct
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil, errUnsupportedStruct
	}
	return text, nil
}
