package auth

import (
	"maps"
	"net/http"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Context builds the context maps of requests.
type Context struct {
	cfg    ContextConfig
	fields []compiledField
}

// A compiledField is a ContextField whose key and constants are encoded.
type compiledField struct {
	key    []byte
	name   string      // the path of the field, for errors
	source valueSource // nil for constants and maps
	converter
	constant []byte // the value or the default; nil: there is none
	required bool
	fields   []compiledField
}

// NewContext returns a Context for a section that [ContextConfig.Validate] accepts.
func NewContext(cfg ContextConfig, proxies TrustedProxies) (*Context, error) {
	if err := cfg.Validate(len(proxies) > 0, true); err != nil {
		return nil, err
	}
	fields, err := compileFields(cfg, "")
	return &Context{cfg, fields}, err
}

func compileFields(cfg ContextConfig, path string) ([]compiledField, error) {
	var fields []compiledField
	for _, key := range slices.Sorted(maps.Keys(cfg)) {
		field := cfg[key]
		f := compiledField{
			key:       etf.AppendAtom(nil, key),
			name:      path + key,
			source:    field.source(),
			converter: field.converter(),
			required:  field.Required,
		}
		var err error
		if f.constant, err = field.appendConstant(nil); err != nil {
			return nil, err
		}
		if f.fields, err = compileFields(field.Fields, f.name+"."); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// Append appends the context map of a request. identity may be nil. identified reports
// whether a value of the map comes from a header of a trusted proxy, which can identify
// the caller. Errors are of type [*ContextFieldError].
func (c *Context) Append(b []byte, r *Request, identity *Identity) (_ []byte, identified bool, err error) {
	return appendFields(b, c.fields, r, identity)
}

// Headers returns the names of the headers that context maps depend on, without
// duplicates.
func (c *Context) Headers() []string {
	var names []string
	c.cfg.anyField(func(f ContextField) bool {
		switch {
		case f.Header != "":
			names = append(names, http.CanonicalHeaderKey(f.Header))
		case f.Cookie != "":
			names = append(names, "Cookie")
		}
		return false
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// UsesCookies reports whether context maps depend on cookies.
func (c *Context) UsesCookies() bool { return c.cfg.UsesCookies() }

func appendFields(b []byte, fields []compiledField, r *Request, identity *Identity) (_ []byte, identified bool, err error) {
	start := len(b)
	b = etf.AppendMap(b, 0)
	n := 0
	for i := range fields {
		f := &fields[i]
		before := len(b)
		b = append(b, f.key...)
		var origin valueOrigin
		if b, origin, err = f.append(b, r, identity); err != nil {
			return nil, false, err
		}
		if origin == noValue {
			b = b[:before]
			continue
		}
		identified = identified || origin == trustedHeader
		n++
	}
	etf.AppendMap(b[:start], n) // overwrites the header of the map with the final count
	return b, identified, nil
}

// valueOrigin is the origin of the value of a field.
type valueOrigin uint8

const (
	noValue       valueOrigin = iota // there is no value, so the map has no such key
	otherOrigin                      // any other origin
	trustedHeader                    // a header of a trusted proxy, or a map that contains one
)

func (f *compiledField) append(b []byte, r *Request, identity *Identity) (_ []byte, origin valueOrigin, err error) {
	switch {
	case f.source != nil:
		return f.appendSource(b, r, identity)
	case f.constant != nil:
		return append(b, f.constant...), otherOrigin, nil
	}
	b, identified, err := appendFields(b, f.fields, r, identity)
	if identified {
		return b, trustedHeader, err
	}
	return b, otherOrigin, err
}

func (f *compiledField) appendSource(b []byte, r *Request, identity *Identity) ([]byte, valueOrigin, error) {
	header, isHeader := f.source.(headerSource)
	before := len(b)
	b, problem := f.source.append(b, &f.converter, r, identity)
	switch {
	case problem == nil && isHeader:
		return b, trustedHeader, nil
	case problem == nil:
		return b, otherOrigin, nil
	case problem != errMissing:
		return nil, noValue, &ContextFieldError{Field: f.name, Source: f.source.String(), Problem: problem.Error(), kind: f.source.errorKind()}
	case f.required:
		return nil, noValue, &ContextFieldError{
			Field: f.name, Source: f.source.String(), Problem: problem.Error(), kind: ErrUnauthenticated,
			headerIgnored: isHeader && !r.Trusted && r.Header[string(header)] != nil,
			sender:        r.Peer,
		}
	}
	if f.constant != nil {
		return append(b[:before], f.constant...), otherOrigin, nil
	}
	return b[:before], noValue, nil
}
