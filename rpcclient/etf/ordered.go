package etf

// appendOrdered appends a Jason.OrderedObject: an object whose members are the
// pairs of a list.
func (e *jsonEncoder) appendOrdered(dst []byte, s *structTerm, depth int) ([]byte, bool) {
	d, ok := e.at(s, fieldValues)
	if !ok {
		return dst, false
	}
	n, err := d.List()
	if err != nil {
		s.invalid(fieldValues)
		return dst, false
	}
	dst = append(dst, '{')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if arity, err := d.Tuple(); err != nil || arity != 2 {
			s.invalid(fieldValues)
			return dst, false
		}
		key := d.off
		if dst, d.off, ok = e.key(dst, d.off); !ok {
			return dst, false
		}
		if dst, d.off, ok = e.value(append(dst, ':'), d.off, depth+1); !ok {
			e.trace(step{key: key})
			return dst, false
		}
	}
	if n > 0 && d.Nil() != nil {
		s.invalid(fieldValues)
		return dst, false
	}
	return append(dst, '}'), true
}
