package etf

// Skip consumes one term of any kind with its elements. It needs no stack, however
// deep the nesting, and linear time.
//
// Compressed terms and LOCAL_EXT are errors that name them: a node sends neither over
// a connection, and their contents do not follow from their length.
func (d *Decoder) Skip() error {
	start := d.off
	// Terms are in prefix order, so a count of those to come is all the state.
	for pending := uint64(1); pending > 0; pending-- {
		more, err := d.skipOne()
		if err == nil && pending-1+more > uint64(d.left()) {
			err = d.errorf("%d terms announced with %d bytes left", pending-1+more, d.left())
		}
		if err != nil {
			d.off = start
			return err
		}
		pending += more
	}
	return nil
}

// skipOne consumes the fixed part of the next term and returns the number of terms
// that follow as its elements.
func (d *Decoder) skipOne() (elements uint64, err error) {
	tag, err := d.Tag()
	if err != nil {
		return 0, err
	}
	switch tag {
	case TagNil:
		d.off++
		return 0, nil
	case TagSmallInteger:
		return 0, d.advance(tag, 2)
	case TagInteger:
		return 0, d.advance(tag, 5)
	case TagNewFloat:
		return 0, d.advance(tag, 9)
	case TagFloat:
		return 0, d.advance(tag, 1+floatTextSize)
	case TagSmallAtom, TagSmallAtomUTF8, TagAtom, TagAtomUTF8, TagAtomCacheRef:
		_, _, size, err := d.atom()
		d.off += size
		return 0, err
	case TagBinary:
		return 0, d.advanceCounted(tag, 5)
	case TagBitBinary:
		return 0, d.advanceCounted(tag, 6)
	case TagLargeBig:
		return 0, d.advanceCounted(tag, 6)
	case TagString:
		if err := d.need(tag, 3); err != nil {
			return 0, err
		}
		return 0, d.advance(tag, 3+uint64(d.b[d.off+1])<<8+uint64(d.b[d.off+2]))
	case TagSmallBig:
		if err := d.need(tag, 3); err != nil {
			return 0, err
		}
		return 0, d.advance(tag, 3+uint64(d.b[d.off+1]))
	case TagSmallTuple, TagLargeTuple:
		n, err := d.Tuple()
		return uint64(n), err
	case TagList:
		n, err := d.List()
		return uint64(n) + 1, err
	case TagMap:
		n, err := d.Map()
		return 2 * uint64(n), err
	case TagPid, TagNewPid, TagPort, TagNewPort, TagV4Port, TagRef, TagNewRef, TagNewerRef:
		return 0, d.skipID(tag)
	case TagExport:
		d.off++
		return 3, nil // module, function, arity
	case TagNewFun:
		// The size includes its own four bytes. The content is skipped unread.
		if err := d.need(tag, 5); err != nil {
			return 0, err
		}
		if size := d.uint32(1); size < 4 {
			return 0, d.errorf("NEW_FUN_EXT of %d bytes", size)
		}
		return 0, d.advance(tag, 1+uint64(d.uint32(1)))
	case TagFun:
		if err := d.need(tag, 5); err != nil {
			return 0, err
		}
		free := uint64(d.uint32(1))
		return free + 4, d.advance(tag, 5) // pid, module, index, uniq, free variables
	}
	return 0, d.errorf("%s, which is not supported", tag)
}

// skipID consumes a pid, port or reference.
func (d *Decoder) skipID(tag Tag) error {
	header, body := 1, creationSize(tag)
	switch tag {
	case TagPid, TagNewPid, TagV4Port:
		body += 8
	case TagPort, TagNewPort, TagRef:
		body += 4
	case TagNewRef, TagNewerRef:
		n, err := d.refLen(tag)
		if err != nil {
			return err
		}
		header, body = 3, body+4*n
	}
	c := *d
	c.off += header
	_, _, size, err := c.atom()
	if err != nil {
		return err
	}
	c.off += size
	if err := c.needAfterNode(tag, body); err != nil {
		return err
	}
	d.off = c.off + body
	return nil
}

// advance consumes n bytes, tag included.
func (d *Decoder) advance(tag Tag, n uint64) error {
	if err := d.need(tag, n); err != nil {
		return err
	}
	d.off += int(n)
	return nil
}

// advanceCounted consumes a header that begins with a count of 32 bits, and that many
// bytes after it.
func (d *Decoder) advanceCounted(tag Tag, header uint64) error {
	if err := d.need(tag, header); err != nil {
		return err
	}
	return d.advance(tag, header+uint64(d.uint32(1)))
}
