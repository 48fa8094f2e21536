package etf

import (
	"slices"
	"strconv"
	"strings"
)

// A step leads from a term to one of its elements.
type step struct {
	key   int // the offset of the key in a map, 0 in a list
	index int // the index in a list
}

// trace adds a step to the path of the failure below it.
func (e *jsonEncoder) trace(s step) {
	if e.tracing {
		e.failure.path = append(e.failure.path, s)
	}
}

// maxPath is the length at which a path is cut.
const maxPath = 4 << 10

// path returns the path of the failure for a [JSONError].
func (e *jsonEncoder) path() string {
	var text []byte
	for _, s := range slices.Backward(e.failure.path) {
		if len(text) > maxPath {
			text = append(text, "…"...)
			break
		}
		if s.key > 0 {
			text = e.appendStep(text, s.key)
			continue
		}
		text = append(text, '[')
		text = strconv.AppendInt(text, int64(s.index), 10)
		text = append(text, ']')
	}
	return strings.TrimPrefix(string(text), ".")
}

// appendStep appends the key at an offset. An ambiguous key is quoted, a long one cut.
func (e *jsonEncoder) appendStep(text []byte, key int) []byte {
	const most = 64
	quoted, _, _ := e.key(nil, key)
	name := string(quoted[1 : len(quoted)-1])
	switch {
	case len(name) > most:
		name = strings.ToValidUTF8(name[:most], "")
		return append(text, `["`+name+`…"]`...)
	case name == "" || strings.ContainsFunc(name, notWord):
		return append(text, `["`+name+`"]`...)
	}
	return append(text, "."+name...)
}
