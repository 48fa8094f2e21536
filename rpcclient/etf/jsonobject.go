package etf

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
		// A struct is a map with a certain key, which may be any of its keys: then
		// what has been written of it is taken back, and what has failed is
		// forgotten.
		if off < len(e.b) && Tag(e.b[off]) != TagBinary && e.atStructKey(off) {
			return e.structValue(dst[:start], at, depth)
		}
		if !ok {
			if e.failure.malformed != nil {
				return dst, off, false
			}
			off = e.skip(off, 2)
			continue
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		key := off
		if off < len(e.b) && Tag(e.b[off]) == TagBinary {
			dst, off, ok = e.binary(dst, off)
		} else {
			dst, off, ok = e.key(dst, off)
		}
		if !ok {
			off = e.skip(off, 1)
			continue
		}
		if dst, off, ok = e.value(append(dst, ':'), off, depth+1); !ok {
			e.trace(step{key: key})
		}
	}
	return append(dst, '}'), off, ok
}

// key appends a term as the name of a member.
func (e *jsonEncoder) key(dst []byte, off int) ([]byte, int, bool) {
	if off >= len(e.b) {
		return e.refuse(dst, off, "")
	}
	ok := false
	switch tag := Tag(e.b[off]); tag {
	case TagBinary:
		return e.binary(dst, off)
	case TagSmallAtomUTF8, TagAtomCacheRef, TagAtomUTF8, TagSmallAtom, TagAtom:
		return e.atomString(dst, off)
	case TagSmallInteger, TagInteger, TagSmallBig, TagLargeBig:
		dst, off, ok = e.integer(append(dst, '"'), off)
	case TagNewFloat, TagFloat:
		dst, off, ok = e.float(append(dst, '"'), off)
	default:
		return e.refuse(dst, off, kind(tag)+" as a key")
	}
	return append(dst, '"'), off, ok
}
