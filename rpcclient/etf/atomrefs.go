package etf

// AppendAtomRefs appends encoded terms, with references to the atom cache in the place of
// atoms. For the UTF-8 name of each short atom, ref returns its position among the atom
// cache references of the message's distribution header; ok is false for an atom that
// stays as it is. Atoms within functions and atoms of more than 255 bytes stay.
//
// See ATOM_CACHE_REF in the documentation of the external term format.
func AppendAtomRefs(dst, terms []byte, ref func(name []byte) (position byte, ok bool)) ([]byte, error) {
	d := Decoder{b: terms}
	copied := 0
	for d.left() > 0 {
		start := d.off
		if _, err := d.skipOne(); err != nil {
			return dst, err
		}
		at, name, ok := shortAtom(terms, start)
		if !ok {
			continue
		}
		if position, ok := ref(name); ok {
			dst = append(append(dst, terms[copied:at]...), byte(TagAtomCacheRef), position)
			copied = at + 2 + len(name)
		}
	}
	return append(dst, terms[copied:]...), nil
}

// shortAtom finds the atom at the start of a complete term: the term itself, or the node of a
// pid, port or reference.
func shortAtom(terms []byte, at int) (_ int, name []byte, ok bool) {
	switch Tag(terms[at]) {
	case TagNewPid, TagNewPort, TagV4Port:
		at++
	case TagNewerRef:
		at += 3
	}
	if Tag(terms[at]) != TagSmallAtomUTF8 {
		return at, nil, false
	}
	return at, terms[at+2 : at+2+int(terms[at+1])], true
}
