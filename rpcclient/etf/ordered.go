package etf

const invalidOrdered = "a Jason.OrderedObject without a valid values"

// orderedMembers appends the pairs of the list at an offset as the members of an
// object, replacing what has been appended of the map m. The list is a value of m,
// which has no JSON form unless it is a Jason.OrderedObject.
func (e *jsonEncoder) orderedMembers(dst []byte, off int, m *mixedMap) ([]byte, int) {
	m.s.ordered = true
	dst, off, m.s.orderedOK = e.pairs(e.discard(dst, m.start), off, m.depth)
	m.s.failure = e.failure
	return dst, off
}

func (e *jsonEncoder) pairs(dst []byte, off, depth int) ([]byte, int, bool) {
	n, off, ok := e.header(off, 1)
	if !ok {
		return dst, off, false
	}
	dst = append(dst, '{')
	for i := range n {
		if !e.atTuple2(off) {
			ok := e.fail(invalidOrdered)
			return dst, e.skip(off, n-i+1), ok // the remaining elements and the tail
		}
		if dst, off, ok = e.member(dst, off+2, i, depth); !ok {
			return dst, e.skip(off, n-i), false
		}
	}
	if off >= len(e.b) || Tag(e.b[off]) != TagNil {
		return e.refuse(dst, off, invalidOrdered)
	}
	return append(dst, '}'), off + 1, true
}

// atPairs reports whether the list at an offset begins with a pair.
func (e *jsonEncoder) atPairs(off int) bool {
	if off >= len(e.b) || Tag(e.b[off]) != TagList {
		return false
	}
	n, first, ok := e.header(off, 1)
	return ok && n > 0 && e.atTuple2(first)
}

func (e *jsonEncoder) atTuple2(off int) bool {
	return off+1 < len(e.b) && Tag(e.b[off]) == TagSmallTuple && e.b[off+1] == 2
}
