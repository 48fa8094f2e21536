package auth

import (
	"iter"
	"maps"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Context builds the context map of requests.
type Context struct {
	fields []field
}

// field is an Entry made ready: its key is encoded, and so is what is constant.
type field struct {
	key    []byte
	name   string // with those of the maps around it, for errors
	source source // nil for constants and maps
	conversion
	constant []byte // the value, or the default; nil if there is none
	required bool
	fields   []field
}

// NewContext makes a Context of a section that [ContextConfig.Validate] accepts.
func NewContext(cfg ContextConfig, proxies Proxies) (*Context, error) {
	if err := cfg.Validate(len(proxies) > 0, true); err != nil {
		return nil, err
	}
	fields, err := compile(cfg, "")
	return &Context{fields}, err
}

func compile(cfg ContextConfig, path string) ([]field, error) {
	var fields []field
	for _, key := range slices.Sorted(maps.Keys(cfg)) {
		e := cfg[key]
		f := field{
			key:        etf.AppendAtom(nil, key),
			name:       path + key,
			source:     e.source(),
			conversion: e.conversion(),
			required:   e.Required,
		}
		var err error
		if f.constant, err = e.appendConstant(nil); err != nil {
			return nil, err
		}
		if f.fields, err = compile(e.Fields, f.name+"."); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// Append appends the context map for a request that this identity, which may be nil,
// sent. The map says who is asking if at least one entry came from the header of a
// trusted peer: all else does not. Errors are of type [*EntryError].
func (c *Context) Append(b []byte, r *Request, who *Identity) (_ []byte, identified bool, err error) {
	return appendFields(b, c.fields, r, who)
}

// Headers are the names of the headers that contexts depend on, each once.
func (c *Context) Headers() []string {
	var names []string
	for s := range sources(c.fields) {
		switch s := s.(type) {
		case fromHeader:
			names = append(names, string(s))
		case fromCookie:
			names = append(names, "Cookie")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Ambient says whether contexts depend on what browsers send by themselves: cookies.
func (c *Context) Ambient() bool {
	for s := range sources(c.fields) {
		if _, ok := s.(fromCookie); ok {
			return true
		}
	}
	return false
}

// sources are those of all fields, and of the maps among them.
func sources(fields []field) iter.Seq[source] {
	return func(yield func(source) bool) {
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

func appendFields(b []byte, fields []field, r *Request, who *Identity) (_ []byte, identified bool, err error) {
	start := len(b)
	b = etf.AppendMap(b, 0)
	n := 0
	for i := range fields {
		f := &fields[i]
		before := len(b)
		b = append(b, f.key...)
		var from origin
		if b, from, err = f.append(b, r, who); err != nil {
			return nil, false, err
		}
		if from == nowhere {
			b = b[:before]
			continue
		}
		identified = identified || from == aHeader
		n++
	}
	etf.AppendMap(b[:start], n) // the same bytes again, with the number now known
	return b, identified, nil
}

// origin is where the value of an entry came from.
type origin uint8

const (
	nowhere   origin = iota // it has none, and is left out
	somewhere               // all else
	aHeader                 // the header of a trusted proxy, or in a nested map at least one
)

func (f *field) append(b []byte, r *Request, who *Identity) (_ []byte, from origin, err error) {
	switch {
	case f.source != nil:
		return f.appendSource(b, r, who)
	case f.constant != nil:
		return append(b, f.constant...), somewhere, nil
	}
	b, identified, err := appendFields(b, f.fields, r, who)
	if identified {
		return b, aHeader, err
	}
	return b, somewhere, err
}

func (f *field) appendSource(b []byte, r *Request, who *Identity) ([]byte, origin, error) {
	header, isHeader := f.source.(fromHeader)
	before := len(b)
	b, problem := f.source.append(b, &f.conversion, r, who)
	switch {
	case problem == nil && isHeader:
		return b, aHeader, nil
	case problem == nil:
		return b, somewhere, nil
	case problem != errMissing:
		return nil, nowhere, &EntryError{Entry: f.name, Source: f.source.String(), Problem: problem.Error(), kind: f.source.kind()}
	case f.required:
		return nil, nowhere, &EntryError{
			Entry: f.name, Source: f.source.String(), Problem: problem.Error(), kind: ErrUnauthenticated,
			ignored: isHeader && !r.Trusted && r.Header[string(header)] != nil,
			sender:  r.Peer,
		}
	}
	if f.constant != nil {
		return append(b[:before], f.constant...), somewhere, nil
	}
	return b[:before], nowhere, nil
}
