package etf

import (
	"encoding/binary"
	"unicode/utf8"
)

// Atom consumes an atom and returns its name. It allocates only for a spelled-out atom
// that is not a common one.
func (d *Decoder) Atom() (string, error) {
	name, cached, size, err := d.atom()
	if err != nil {
		return "", err
	}
	if name == nil {
		d.off += size
		return cached, nil
	}
	if tag := Tag(d.b[d.off]); tag == TagAtom || tag == TagSmallAtom {
		d.off += size
		return intern(appendLatin1(nil, name)), nil
	}
	if !utf8.Valid(name) {
		return "", d.errorf("%s that is not valid UTF-8", Tag(d.b[d.off]))
	}
	d.off += size
	return intern(name), nil
}

// atom finds the name of the next atom, as findAtom does, without consuming it.
func (d *Decoder) atom() (name []byte, cached string, size int, err error) {
	name, cached, size, ok := findAtom(d.b[d.off:], d.atoms)
	if !ok {
		return nil, "", 0, d.atomError()
	}
	return name, cached, size, nil
}

// findAtom finds the name of the atom at the start of b: its bytes, never nil, if it
// is spelled out, otherwise the string of the cached one. size is the atom's size in
// b. ok is false if there is no complete atom.
func findAtom(b []byte, atoms []string) (name []byte, cached string, size int, ok bool) {
	if len(b) < 2 {
		return nil, "", 0, false
	}
	header, n := 2, int(b[1])
	switch Tag(b[0]) {
	case TagSmallAtomUTF8, TagSmallAtom:
	case TagAtomCacheRef:
		if n >= len(atoms) {
			return nil, "", 0, false
		}
		return nil, atoms[n], 2, true
	case TagAtomUTF8, TagAtom:
		if len(b) < 3 {
			return nil, "", 0, false
		}
		header, n = 3, n<<8|int(b[2])
	default:
		return nil, "", 0, false
	}
	if len(b) < header+n {
		return nil, "", 0, false
	}
	return b[header : header+n], "", header + n, true
}

// atomError describes what is there instead of an atom.
func (d *Decoder) atomError() error {
	tag, err := d.Tag()
	if err != nil {
		return err
	}
	switch tag {
	case TagSmallAtomUTF8, TagSmallAtom:
		if d.left() < 2 {
			return d.cutShort(tag, 2)
		}
		return d.cutShort(tag, 2+uint64(d.b[d.off+1]))
	case TagAtomUTF8, TagAtom:
		if d.left() < 3 {
			return d.cutShort(tag, 3)
		}
		return d.cutShort(tag, 3+uint64(binary.BigEndian.Uint16(d.b[d.off+1:])))
	case TagAtomCacheRef:
		if d.left() < 2 {
			return d.cutShort(tag, 2)
		}
		return d.errorf("ATOM_CACHE_REF %d of %d atoms", d.b[d.off+1], len(d.atoms))
	}
	return d.unexpected(tag, "an atom")
}

// intern returns name as a string. It does not allocate for the common atoms of
// answers.
func intern(name []byte) string {
	switch string(name) {
	case "nil":
		return "nil"
	case "true":
		return "true"
	case "false":
		return "false"
	case "ok":
		return "ok"
	case "error":
		return "error"
	case "return":
		return "return"
	case "normal":
		return "normal"
	}
	return string(name)
}

// appendAtomName consumes an atom and appends its name in UTF-8.
func (d *Decoder) appendAtomName(dst []byte) ([]byte, error) {
	name, cached, size, err := d.atom()
	if err != nil {
		return dst, err
	}
	tag := Tag(d.b[d.off])
	d.off += size
	switch {
	case name == nil:
		return append(dst, cached...), nil
	case tag == TagAtom || tag == TagSmallAtom:
		return appendLatin1(dst, name), nil
	}
	return append(dst, name...), nil
}

func (d *Decoder) atAtom() bool {
	return d.off < len(d.b) && Tag(d.b[d.off]).isAtom()
}

func (t Tag) isAtom() bool {
	switch t {
	case TagSmallAtomUTF8, TagAtomCacheRef, TagAtomUTF8, TagSmallAtom, TagAtom:
		return true
	}
	return false
}

// atomIs reports whether the next term is the atom of that name, which is ASCII and
// not empty.
func (d *Decoder) atomIs(want string) bool {
	name, cached, _, ok := findAtom(d.b[d.off:], d.atoms)
	return ok && (string(name) == want || cached == want)
}

// appendLatin1 appends the name of an ATOM_EXT or SMALL_ATOM_EXT in UTF-8.
func appendLatin1(dst, name []byte) []byte {
	for _, c := range name {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst
}
