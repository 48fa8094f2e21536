package auth

import (
	"iter"
	"maps"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Context builds the context map of requests.
type Context struct {
	fields []compiledField
}

// field is an Entry made ready: its key is encoded, and so is what is constant.
type compiledField struct {
	key    []byte
	name   string      // with those of the maps around it, for errors
	source valueSource // nil for constants and maps
	converter
	constant []byte // the value, or the default; nil if there is none
	required bool
	fields   []compiledField
}

// NewContext makes a Context of a section that [ContextConfig.Validate] accepts.
func NewContext(cfg ContextConfig, proxies TrustedProxies) (*Context, error) {
	if err := cfg.Validate(len(proxies) > 0, true); err != nil {
		return nil, err
	}
	fields, err := compileFields(cfg, "")
	return &Context{fields}, err
}

func compileFields(cfg ContextConfig, path string) ([]compiledField, error) {
	var fields []compiledField
	for _, key := range slices.Sorted(maps.Keys(cfg)) {
		e := cfg[key]
		f := compiledField{
			key:       etf.AppendAtom(nil, key),
			name:      path + key,
			source:    e.source(),
			converter: e.converter(),
			required:  e.Required,
		}
		var err error
		if f.constant, err = e.appendConstant(nil); err != nil {
			return nil, err
		}
		if f.fields, err = compileFields(e.Fields, f.name+"."); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// Append appends the context map for a request that this identity, which may be nil,
// sent. The map says who is asking if at least one entry came from the header of a
// trusted peer: all else does not. Errors are of type [*ContextFieldError].
func (c *Context) Append(b []byte, r *Request, identity *Identity) (_ []byte, identified bool, err error) {
	return appendFields(b, c.fields, r, identity)
}

// Headers are the names of the headers that contexts depend on, each once.
func (c *Context) Headers() []string {
	var names []string
	for s := range sources(c.fields) {
		switch s := s.(type) {
		case headerSource:
			names = append(names, string(s))
		case cookieSource:
			names = append(names, "Cookie")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// UsesAmbientCredentials says whether contexts depend on what browsers send by themselves: cookies.
func (c *Context) UsesCookies() bool {
	for s := range sources(c.fields) {
		if _, ok := s.(cookieSource); ok {
			return true
		}
	}
	return false
}

// sources are those of all fields, and of the maps among them.
func sources(fields []compiledField) iter.Seq[valueSource] {
	return func(yield func(valueSource) bool) {
		for _, f := range fields {
			if f.source != nil && !yield(f.source) {
				return
			}
			for s := range sources(f.fields) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

func appendFields(b []byte, fields []compiledField, r *Request, identity *Identity) (_ []byte, identified bool, err error) {
	start := len(b)
	b = etf.AppendMap(b, 0)
	n := 0
	for i := range fields {
		f := &fields[i]
		before := len(b)
		b = append(b, f.key...)
		var from valueOrigin
		if b, from, err = f.append(b, r, identity); err != nil {
			return nil, false, err
		}
		if from == noValue {
			b = b[:before]
			continue
		}
		identified = identified || from == trustedHeader
		n++
	}
	etf.AppendMap(b[:start], n) // the same bytes again, with the number now known
	return b, identified, nil
}

// origin is where the value of an entry came from.
type valueOrigin uint8

const (
	noValue       valueOrigin = iota // it has none, and is left out
	otherOrigin                      // all else
	trustedHeader                    // the header of a trusted proxy, or in a nested map at least one
)

func (f *compiledField) append(b []byte, r *Request, identity *Identity) (_ []byte, from valueOrigin, err error) {
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
