package etf

import "encoding/binary"

// AppendTerm appends a received term for any other connection: it spells out the
// atoms, which may be references to an atom cache. Afterwards, equal atoms have equal
// bytes. The receiver must be able to use the term: a local fun needs its module
// there.
//
// Errors are of type [*Error]. b is then returned unchanged.
func AppendTerm(b []byte, t Term) ([]byte, error) {
	start := len(b)
	d := NewDecoder(t)
	// A fun has its size in front, which is known at its end.
	type fun struct {
		size    int    // offset of its size in b
		end     int    // its end in t
		pending uint64 // terms to come after those in it
	}
	var funs []fun
	for pending := uint64(1); ; {
		for pending == 0 {
			if len(funs) == 0 {
				return b, nil
			}
			f := funs[len(funs)-1]
			funs = funs[:len(funs)-1]
			if d.off != f.end {
				return b[:start], d.errorf("NEW_FUN_EXT that ends at %d by its size", f.end)
			}
			binary.BigEndian.PutUint32(b[f.size:], uint32(len(b)-f.size))
			pending = f.pending
		}
		pending--
		tag, err := d.Tag()
		if err != nil {
			return b[:start], err
		}
		from := d.off
		switch {
		case tag.isAtom():
			b, err = d.respellAtom(b)
		case tag == TagNewFun:
			var end int
			var elements uint64
			if end, elements, err = d.funHeader(); err == nil {
				funs = append(funs, fun{len(b) + 1, end, pending})
				b = append(b, d.b[from:d.off]...)
				pending = elements
			}
		default:
			var elements uint64
			elements, err = d.skipOne()
			if at := nodeOffset(tag); at > 0 && err == nil {
				b = append(b, d.b[from:from+at]...)
				c := Decoder{b: d.b[:d.off], atoms: d.atoms, off: from + at}
				b, err = c.respellAtom(b)
				from = c.off
			}
			if err == nil {
				b = append(b, d.b[from:d.off]...)
				pending += elements
			}
		}
		if err == nil && pending > uint64(d.left()) {
			err = d.errorf("%d terms announced with %d bytes left", pending, d.left())
		}
		if err != nil {
			return b[:start], err
		}
	}
}

// respellAtom consumes an atom and appends it as AppendAtom does.
func (d *Decoder) respellAtom(b []byte) ([]byte, error) {
	name, err := d.Atom()
	if err != nil {
		return b, err
	}
	return AppendAtom(b, name), nil
}

// funHeader consumes the part of a NEW_FUN_EXT before its elements, which are the
// terms module, index, uniq, pid and free variables.
func (d *Decoder) funHeader() (end int, elements uint64, err error) {
	const header = 1 + 4 + 1 + 16 + 4 + 4 // tag, size, arity, uniq, index, number of free variables
	if err := d.need(TagNewFun, header); err != nil {
		return 0, 0, err
	}
	size := uint64(d.uint32(1))
	if err := d.need(TagNewFun, 1+size); err != nil {
		return 0, 0, err
	}
	end, elements = d.off+1+int(size), 4+uint64(d.uint32(header-4))
	d.off += header
	return end, elements, nil
}

// nodeOffset is the offset of the node name in a term of this kind, or 0.
func nodeOffset(tag Tag) int {
	switch tag {
	case TagPid, TagNewPid, TagPort, TagNewPort, TagV4Port, TagRef:
		return 1
	case TagNewRef, TagNewerRef:
		return 3
	}
	return 0
}
