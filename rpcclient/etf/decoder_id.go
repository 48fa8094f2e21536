package etf

import "encoding/binary"

// Pid consumes a NEW_PID_EXT or PID_EXT.
func (d *Decoder) Pid() (Pid, error) {
	tag, err := d.Tag()
	if err != nil {
		return Pid{}, err
	}
	if tag != TagNewPid && tag != TagPid {
		return Pid{}, d.unexpected(tag, "a pid")
	}
	c := *d // consumed only after it was read completely
	c.off++
	var p Pid
	if p.Node, err = c.Atom(); err != nil {
		return Pid{}, err
	}
	words, creation := 2, creationSize(tag)
	if err := c.needAfterNode(tag, 4*words+creation); err != nil {
		return Pid{}, err
	}
	p.ID, p.Serial = c.uint32(0), c.uint32(4)
	c.off += 4 * words
	p.Creation = c.creation(creation)
	*d = c
	return p, nil
}

// Ref consumes a NEWER_REFERENCE_EXT or NEW_REFERENCE_EXT.
func (d *Decoder) Ref() (Ref, error) {
	tag, err := d.Tag()
	if err != nil {
		return Ref{}, err
	}
	if tag != TagNewerRef && tag != TagNewRef {
		return Ref{}, d.unexpected(tag, "a reference")
	}
	n, err := d.refLen(tag)
	if err != nil {
		return Ref{}, err
	}
	c := *d
	c.off += 3
	r := Ref{Len: n}
	if r.Node, err = c.Atom(); err != nil {
		return Ref{}, err
	}
	creation := creationSize(tag)
	if err := c.needAfterNode(tag, creation+4*n); err != nil {
		return Ref{}, err
	}
	r.Creation = c.creation(creation)
	for i := range n {
		r.IDs[i] = c.uint32(4 * i)
	}
	c.off += 4 * n
	*d = c
	return r, nil
}

// refLen returns the number of words of the next reference.
func (d *Decoder) refLen(tag Tag) (int, error) {
	if err := d.need(tag, 3); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(d.b[d.off+1:]))
	if n < 1 || n > len(Ref{}.IDs) {
		return 0, d.errorf("%s of %d words, 1 to %d expected", tag, n, len(Ref{}.IDs))
	}
	return n, nil
}

// creationSize returns the size of the creation in an identifier of this kind. The
// older kinds have a single byte.
func creationSize(tag Tag) int {
	switch tag {
	case TagPid, TagPort, TagRef, TagNewRef:
		return 1
	}
	return 4
}

// creation consumes a creation, within bounds that the caller has checked.
func (d *Decoder) creation(size int) uint32 {
	var v uint32
	for _, c := range d.b[d.off : d.off+size] {
		v = v<<8 | uint32(c)
	}
	d.off += size
	return v
}

// needAfterNode returns an error unless n bytes are left after an identifier's node
// name.
func (d *Decoder) needAfterNode(tag Tag, n int) error {
	if d.left() < n {
		return d.errorf("%s cut short, %d bytes needed after the node name and %d left", tag, n, d.left())
	}
	return nil
}
