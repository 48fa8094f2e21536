package auth

import (
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxDigits bounds an integer in a header. Longer ones cost more than they say.
const maxDigits = 1000

// A Context builds the context map of requests.
type Context struct {
	fields []field
}

// field is an Entry made ready: its key is encoded, and so is what is constant.
type field struct {
	key      []byte
	constant []byte // the value, or the default of a header; nil if there is none
	header   string // canonical
	typ      Type
	required bool
	fields   []field
}

// NewContext makes a Context of a section that [ContextConfig.Validate] accepts.
func NewContext(cfg ContextConfig, proxies Proxies) (*Context, error) {
	if err := cfg.Validate(len(proxies) > 0); err != nil {
		return nil, err
	}
	fields, err := compile(cfg)
	return &Context{fields}, err
}

func compile(cfg ContextConfig) ([]field, error) {
	var fields []field
	for _, key := range slices.Sorted(maps.Keys(cfg)) {
		e := cfg[key]
		f := field{
			key:      etf.AppendAtom(nil, key),
			header:   http.CanonicalHeaderKey(e.Header),
			typ:      e.Type,
			required: e.Required,
		}
		if f.typ.Scalar == "" {
			f.typ.Scalar = "string"
		}
		constant := e.Value
		if constant == nil {
			constant = e.Default
		}
		var err error
		if constant != nil {
			if f.constant, err = appendConstant(nil, *constant); err != nil {
				return nil, err
			}
		}
		if f.fields, err = compile(e.Fields); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// Append appends the context map for a request that this identity, which may be nil,
// sent. The map says who is asking if at least one entry came from the header of a
// trusted peer: constants and defaults do not. Errors wrap [ErrUnauthenticated] or
// [ErrInvalid] and name the entry; they never hold a value of the request.
func (c *Context) Append(b []byte, r *Request, _ *Identity) (_ []byte, identified bool, err error) {
	var header http.Header
	if r.Trusted {
		header = r.Header
	}
	return appendFields(b, c.fields, header)
}

// Headers are the names of the headers that contexts depend on, each once.
func (c *Context) Headers() []string {
	names := headers(nil, c.fields)
	slices.Sort(names)
	return slices.Compact(names)
}

func headers(names []string, fields []field) []string {
	for _, f := range fields {
		if f.header != "" {
			names = append(names, f.header)
		}
		names = headers(names, f.fields)
	}
	return names
}

func appendFields(b []byte, fields []field, header http.Header) (_ []byte, identified bool, err error) {
	start := len(b)
	b = etf.AppendMap(b, 0)
	n := 0
	for i := range fields {
		f := &fields[i]
		before := len(b)
		b = append(b, f.key...)
		var from origin
		if b, from, err = f.appendValue(b, header); err != nil {
			return nil, false, err
		}
		if from == nowhere {
			b = b[:before]
			continue
		}
		identified = identified || from == theRequest
		n++
	}
	etf.AppendMap(b[:start], n) // the same bytes again, with the number now known
	return b, identified, nil
}

// origin is where the value of an entry came from.
type origin uint8

const (
	nowhere          origin = iota // it has none, and is left out
	theConfiguration               // a constant or a default
	theRequest                     // a header, or in a nested map at least one
)

func (f *field) appendValue(b []byte, header http.Header) (_ []byte, from origin, err error) {
	if f.header == "" {
		if f.constant != nil {
			return append(b, f.constant...), theConfiguration, nil
		}
		b, identified, err := appendFields(b, f.fields, header)
		if identified {
			return b, theRequest, err
		}
		return b, theConfiguration, err
	}
	values := header[f.header]
	switch {
	case len(values) > 1:
		return nil, nowhere, fmt.Errorf("%w: the header %s came %d times", ErrInvalid, f.header, len(values))
	case len(values) == 1 && values[0] != "":
		b, err = f.appendText(b, values[0])
		return b, theRequest, err
	case f.required:
		return nil, nowhere, fmt.Errorf("%w: the header %s is missing", ErrUnauthenticated, f.header)
	case f.constant != nil:
		return append(b, f.constant...), theConfiguration, nil
	}
	return b, nowhere, nil
}

func (f *field) appendText(b []byte, text string) ([]byte, error) {
	elements := []string{text}
	if f.typ.List {
		elements = strings.Split(text, ",")
		b = etf.AppendList(b, len(elements))
	}
	for _, e := range elements {
		var ok bool
		if b, ok = appendScalar(b, f.typ.Scalar, strings.TrimSpace(e)); !ok {
			return nil, fmt.Errorf("%w: the header %s is not of type %s", ErrInvalid, f.header, f.typ)
		}
	}
	if f.typ.List {
		b = etf.AppendNil(b)
	}
	return b, nil
}

func appendScalar(b []byte, scalar, text string) ([]byte, bool) {
	switch scalar {
	case "string":
		return etf.AppendBinary(b, text), utf8.ValidString(text)
	case "boolean":
		return etf.AppendBool(b, text == "true"), text == "true" || text == "false"
	case "float":
		// ParseFloat also knows inf, nan and hexadecimal, which are no floats here.
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || strings.Trim(text, "+-0123456789.eE") != "" {
			return b, false
		}
		return etf.AppendFloat(b, v), true
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > maxDigits || strings.Trim(digits, "0123456789") != "" {
		return b, false
	}
	v, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return b, false
	}
	return etf.AppendBig(b, v), true
}
