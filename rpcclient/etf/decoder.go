package etf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Decoder walks encoded terms in the order of their bytes. Each method consumes one
// term, or the header of one whose elements follow as further terms. All errors are of
// type [*Error]; after one, the decoder is in front of the offending term.
//
// A Decoder is a small value that may live on the stack. It never writes the term's
// bytes.
type Decoder struct {
	b     []byte
	atoms []string
	off   int
}

// NewDecoder returns a Decoder in front of t.
func NewDecoder(t Term) Decoder {
	return Decoder{b: t.Bytes, atoms: t.Atoms}
}

// Offset returns the number of bytes consumed.
func (d *Decoder) Offset() int { return d.off }

// Rest returns the bytes that are not consumed. It aliases the input.
func (d *Decoder) Rest() Term {
	return Term{Bytes: d.b[d.off:], Atoms: d.atoms}
}

// Tag returns the tag of the next term without consuming it.
func (d *Decoder) Tag() (Tag, error) {
	if d.off >= len(d.b) {
		return 0, d.atEnd()
	}
	return Tag(d.b[d.off]), nil
}

// Tuple consumes the header of a tuple. arity terms follow.
func (d *Decoder) Tuple() (arity int, err error) {
	tag, err := d.Tag()
	if err != nil {
		return 0, err
	}
	switch tag {
	case TagSmallTuple:
		if err := d.need(tag, 2); err != nil {
			return 0, err
		}
		return d.elements(tag, 2, uint64(d.b[d.off+1]))
	case TagLargeTuple:
		if err := d.need(tag, 5); err != nil {
			return 0, err
		}
		return d.elements(tag, 5, uint64(d.uint32(1)))
	}
	return 0, d.unexpected(tag, "a tuple")
}

// List consumes the header of a list. For n > 0, n terms follow and then the tail,
// which is NIL_EXT ([Decoder.Nil]) in a proper list. For the empty list n is 0, and
// neither elements nor a tail follow.
//
// STRING_EXT, which may encode a list of small integers, is an error that names it.
func (d *Decoder) List() (n int, err error) {
	tag, err := d.Tag()
	if err != nil {
		return 0, err
	}
	switch tag {
	case TagNil:
		d.off++
		return 0, nil
	case TagList:
		if err := d.need(tag, 5); err != nil {
			return 0, err
		}
		if d.uint32(1) == 0 {
			return 0, d.errorf("LIST_EXT without elements")
		}
		return d.elements(tag, 5, uint64(d.uint32(1)))
	}
	return 0, d.unexpected(tag, "a list")
}

// Nil consumes the empty list, which is also the tail of a proper list.
func (d *Decoder) Nil() error {
	err := d.expect(TagNil, 1, "the empty list")
	if err == nil {
		d.off++
	}
	return err
}

// Map consumes the header of a map. n pairs of key and value follow.
func (d *Decoder) Map() (n int, err error) {
	if err := d.expect(TagMap, 5, "a map"); err != nil {
		return 0, err
	}
	pairs := d.uint32(1)
	if _, err := d.elements(TagMap, 5, 2*uint64(pairs)); err != nil {
		return 0, err
	}
	return int(pairs), nil
}

// Binary consumes a BINARY_EXT. The bytes alias the input.
func (d *Decoder) Binary() ([]byte, error) {
	if err := d.expect(TagBinary, 5, "a binary"); err != nil {
		return nil, err
	}
	n := uint64(d.uint32(1))
	if err := d.need(TagBinary, 5+n); err != nil {
		return nil, err
	}
	start := d.off + 5
	d.off = start + int(n)
	return d.b[start:d.off:d.off], nil
}

// Int consumes an integer that fits an int64.
func (d *Decoder) Int() (int64, error) {
	tag, err := d.Tag()
	if err != nil {
		return 0, err
	}
	switch tag {
	case TagSmallInteger:
		if err := d.need(tag, 2); err != nil {
			return 0, err
		}
		d.off += 2
		return int64(d.b[d.off-1]), nil
	case TagInteger:
		if err := d.need(tag, 5); err != nil {
			return 0, err
		}
		v := int64(int32(d.uint32(1)))
		d.off += 5
		return v, nil
	case TagSmallBig:
		at := *d
		digits, negative, err := d.magnitude()
		if err != nil {
			return 0, err
		}
		magnitude, ok := littleEndian(digits)
		switch {
		case ok && negative && magnitude <= -math.MinInt64:
			return -int64(magnitude), nil
		case ok && !negative && magnitude <= math.MaxInt64:
			return int64(magnitude), nil
		}
		*d = at
		return 0, d.errorf("SMALL_BIG_EXT that does not fit 64 bits")
	}
	return 0, d.unexpected(tag, "an integer of 64 bits")
}

// littleEndian reads a magnitude of any length and reports whether it fits 64 bits.
func littleEndian(digits []byte) (v uint64, ok bool) {
	for i := len(digits) - 1; i >= 0; i-- {
		if v > math.MaxUint64>>8 {
			return 0, false
		}
		v = v<<8 | uint64(digits[i])
	}
	return v, true
}

// Term consumes and returns one term of any kind. It aliases the input.
func (d *Decoder) Term() (Term, error) {
	start := d.off
	if err := d.Skip(); err != nil {
		return Term{}, err
	}
	return Term{Bytes: d.b[start:d.off:d.off], Atoms: d.atoms}, nil
}

// uint32 reads four bytes at distance i from the cursor, within bounds that the caller
// has checked.
func (d *Decoder) uint32(i int) uint32 {
	return binary.BigEndian.Uint32(d.b[d.off+i:])
}

// left returns the number of bytes that are not consumed.
func (d *Decoder) left() int { return len(d.b) - d.off }

// expect returns an error unless size bytes of a term of this kind follow.
func (d *Decoder) expect(want Tag, size uint64, what string) error {
	tag, err := d.Tag()
	if err == nil && tag != want {
		err = d.unexpected(tag, what)
	}
	if err == nil {
		err = d.need(tag, size)
	}
	return err
}

// need returns an error unless n bytes, tag included, are left.
func (d *Decoder) need(tag Tag, n uint64) error {
	if uint64(d.left()) < n {
		return d.cutShort(tag, n)
	}
	return nil
}

// elements consumes a header that announces n terms. A count beyond the bytes left is
// an error, so that callers can allocate for n.
func (d *Decoder) elements(tag Tag, header int, n uint64) (int, error) {
	if n > uint64(d.left()-header) {
		return 0, d.errorf("%s of %d terms with %d bytes left", tag, n, d.left()-header)
	}
	d.off += header
	return int(n), nil
}

// The errors are made out of line, so that the checks before them can be inlined.

//go:noinline
func (d *Decoder) atEnd() error {
	return d.errorf("end of data where a term was expected")
}

//go:noinline
func (d *Decoder) cutShort(tag Tag, n uint64) error {
	return d.errorf("%s cut short, %d bytes needed and %d left", tag, n, d.left())
}

//go:noinline
func (d *Decoder) unexpected(tag Tag, want string) error {
	return d.errorf("%s where %s was expected", tag, want)
}

func (d *Decoder) errorf(format string, args ...any) error {
	return &Error{Offset: d.off, Reason: fmt.Sprintf(format, args...)}
}
