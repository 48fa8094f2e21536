package etf

import (
	"strconv"
	"strings"
)

// path returns the way to the term at an offset of a well-formed term, as a
// [JSONError] shows it. It walks there from the top, so that nothing need be kept
// for it where all is well.
func path(t Term, offset int) string {
	w := pathWalker{Decoder: NewDecoder(t), offset: offset}
	for w.off < offset && w.step() {
	}
	return strings.TrimPrefix(string(w.path), ".")
}

// A pathWalker stands in front of a term which is or holds the one at an offset.
type pathWalker struct {
	Decoder
	offset int
	path   []byte
}

// step goes into the element of the next term which holds the offset. It reports
// false where that is no value: a key, or the tail of a list.
func (w *pathWalker) step() bool {
	tag, err := w.Tag()
	if err != nil {
		return false
	}
	switch tag {
	case TagList:
		n, err := w.List()
		if err != nil {
			return false
		}
		for i := range n {
			if w.within() {
				w.path = append(w.path, '[')
				w.path = strconv.AppendInt(w.path, int64(i), 10)
				w.path = append(w.path, ']')
				return true
			}
		}
	case TagMap:
		whole := w.Decoder
		n, err := w.Map()
		if err != nil {
			return false
		}
		for range n {
			key := w.off
			if w.within() {
				return false
			}
			if w.within() {
				if whole.orderedPairs(w.off) {
					return w.stepOrdered()
				}
				w.appendKey(key)
				return true
			}
		}
	}
	return false
}

// stepOrdered goes into the element of the next term, the list of pairs of a
// Jason.OrderedObject, which holds the offset.
func (w *pathWalker) stepOrdered() bool {
	n, err := w.List()
	for ; err == nil && n > 0; n-- {
		if !w.within() {
			continue
		}
		if _, err := w.Tuple(); err != nil {
			return false
		}
		key := w.off
		if w.within() {
			return false
		}
		w.appendKey(key)
		return true
	}
	return false
}

// within consumes the next term unless the offset is in it.
func (w *pathWalker) within() bool {
	next := w.Decoder
	if next.Skip() != nil || w.offset < next.off {
		return true
	}
	w.Decoder = next
	return false
}

// orderedPairs says whether the next term, a map, is a Jason.OrderedObject whose
// pairs are at an offset.
func (d Decoder) orderedPairs(offset int) bool {
	e := jsonEncoder{b: d.b, atoms: d.atoms}
	s, err := e.structTerm(d.off)
	if err != nil || s.offsets[fieldValues] != offset || s.offsets[fieldStruct] == 0 {
		return false
	}
	name := e.decoder(s.offsets[fieldStruct])
	return name.atomIs("Elixir.Jason.OrderedObject")
}

// appendKey appends the key at an offset. One that could be mistaken for
// something else is quoted, and a long one cut short.
func (w *pathWalker) appendKey(offset int) {
	const most = 64
	e := jsonEncoder{b: w.b, atoms: w.atoms}
	quoted, _, _ := e.key(nil, offset)
	name := string(quoted[1 : len(quoted)-1])
	switch {
	case len(name) > most:
		name = strings.ToValidUTF8(name[:most], "")
		w.path = append(w.path, `["`+name+`…"]`...)
	case name == "" || strings.ContainsFunc(name, notWord):
		w.path = append(w.path, `["`+name+`"]`...)
	default:
		w.path = append(w.path, "."+name...)
	}
}
