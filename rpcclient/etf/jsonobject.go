package etf

// mapValue appends a map. Most maps have only binaries as keys and are not structs.
func (e *jsonEncoder) mapValue(dst []byte, off, depth int) ([]byte, int, bool) {
	n, next, ok := e.header(off, 2)
	if !ok {
		return e.refuse(dst, off, "")
	}
	if depth > maxDepth {
		return e.refuse(dst, off, tooDeep)
	}
	at, start := off, len(dst)
	off = next
	dst = append(dst, '{')
	for i := range n {
		if off >= len(e.b) || Tag(e.b[off]) != TagBinary {
			return e.mixedMap(dst, off, at, start, depth, i, n, false)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		key := off
		if dst, off, ok = e.binary(dst, off); !ok {
			return e.mixedMap(dst, e.skip(off, 1), at, start, depth, i+1, n, true)
		}
		if dst, off, ok = e.value(append(dst, ':'), off, depth+1); !ok {
			e.trace(step{key: key})
			return e.mixedMap(dst, off, at, start, depth, i+1, n, true)
		}
	}
	return append(dst, '}'), off, true
}

// member appends the i-th member of a map, whose key is at an offset.
func (e *jsonEncoder) member(dst []byte, off, i, depth int) (_ []byte, _ int, ok bool) {
	if i > 0 {
		dst = append(dst, ',')
	}
	key := off
	if dst, off, ok = e.key(dst, off); !ok {
		return dst, e.skip(off, 1), false
	}
	if dst, off, ok = e.value(append(dst, ':'), off, depth+1); !ok {
		e.trace(step{key: key})
	}
	return dst, off, ok
}

// A mixedMap is a map that may turn out to be a struct by a later key. Then its
// appended members and its failure are discarded.
type mixedMap struct {
	start   int // its start in dst
	depth   int // the nesting of its members
	s       structTerm
	failed  bool    // it has no JSON form unless it is a struct
	failure failure // why
}

// mixedMap appends a map from its i-th member on. The map is at `at` in the term and
// begins at start in dst; the member is at off; failed says whether an earlier member
// has failed. It neither returns to a value nor looks ahead, so that structs may be
// nested in structs.
func (e *jsonEncoder) mixedMap(dst []byte, off, at, start, depth, i, n int, failed bool) ([]byte, int, bool) {
	m := mixedMap{start: start, depth: depth, failed: failed, failure: e.failure}
	for ; i < n && e.failure.fatal == nil; i++ {
		key := off
		f, value := e.field(off)
		if f != fieldStruct || e.atAtom(value) {
			m.s.offsets[f] = value
		}
		switch {
		case f == fieldValues && e.atPairs(value):
			dst, off = e.orderedMembers(dst, value, &m)
			if !m.failed {
				e.fail("a tuple")
				e.trace(step{index: 0})
				e.trace(step{key: key})
				m.failed, m.failure = true, e.failure
			}
		case m.failed || m.s.isStruct():
			off = e.skip(off, 2)
		default:
			var ok bool
			if dst, off, ok = e.member(dst, off, i, m.depth); !ok {
				m.failed, m.failure = true, e.failure
			}
		}
	}
	switch {
	case e.failure.fatal != nil:
		return dst, off, false
	case m.s.isStruct():
		dst, ok := e.structValue(dst, &m, span{at, off})
		return dst, off, ok
	case m.failed:
		e.failure = m.failure
		return dst, off, false
	}
	return append(dst, '}'), off, true
}
