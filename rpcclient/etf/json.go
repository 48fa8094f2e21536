package etf

import (
	"context"
	"encoding/binary"
	"math"
	"strconv"
)

// maxDepth is the maximum nesting of lists and maps in a term that is converted to
// JSON.
const maxDepth = 1024

const tooDeep = "nesting deeper than 1024"

// AppendJSON appends the term to dst as JSON, in the form of the Elixir library Jason:
//
//   - nil, true and false as themselves (nil as null), other atoms as strings
//   - binaries, which must be valid UTF-8, as strings
//   - integers of up to 10,000 digits, and floats, which always have a point
//   - proper lists, including charlists, as arrays
//   - maps as objects, in the order of the term; their keys are binaries, atoms,
//     numbers, charlists, or structs for which Elixir implements String.Chars: Date,
//     Time, NaiveDateTime, DateTime, Decimal, URI, Version and Version.Requirement
//   - the structs Decimal, Date, Time, NaiveDateTime and DateTime as strings,
//     Jason.OrderedObject as an object
//
// Anything else, and nesting deeper than 1,024, is a [*JSONError] with its path. Bytes
// that are not one well-formed term are an [*Error]. After an error, dst is returned
// unchanged.
//
// If dst is large enough, AppendJSON allocates only for integers past 255 bytes and
// for errors. Its time is linear in the sizes of term and text.
func (t Term) AppendJSON(dst []byte) ([]byte, error) {
	return t.AppendJSONWithin(context.Background(), dst, math.MaxInt)
}

// AppendJSONWithin is [Term.AppendJSON] for a term of an untrusted node. A JSON text
// of more than max bytes is a [*JSONSizeError]; the end of ctx is an error, its cause.
// Both matter because a short term may stand for a long text: an atom of the
// distribution header takes two bytes at each occurrence, and up to 6,122 in the text.
// The text may exceed max by up to 256 KiB before AppendJSONWithin stops.
func (t Term) AppendJSONWithin(ctx context.Context, dst []byte, max int) ([]byte, error) {
	return t.appendJSON(ctx, dst, max, nil)
}

func (t Term) appendJSON(ctx context.Context, dst []byte, max int, encoded *unknownStructs) ([]byte, error) {
	e := newJSONEncoder(ctx, t, len(dst), max)
	e.encoded = encoded
	out, off, ok := e.value(dst, 0, 1)
	if ok && off < len(e.b) {
		d := e.decoder(off)
		ok = e.abort(d.errorf("%d bytes after the term", d.left()))
	}
	if ok && len(out) > e.max {
		ok = e.tooLong()
	}
	if e.failure.tooLong && !ok {
		return dst, &JSONSizeError{Max: max}
	}
	if !ok {
		return dst, e.err(dst)
	}
	return out, nil
}

// checkInterval is the number of bytes of text between checks of the context.
const checkInterval = 64 << 10

// A jsonEncoder appends the JSON form of terms.
//
// Its methods take the offset of a term and return the offset after it, which keeps it
// in a register. They return false if the term has no JSON form, and set failure. The
// offset is then still valid unless the failure is fatal, so that the maps around the
// term can turn out to be structs.
//
// Each byte of the term is walked a bounded number of times, however it is nested: a
// value is either printed or skipped.
type jsonEncoder struct {
	ctx     context.Context
	b       []byte
	atoms   []string
	max     int // maximum length of dst
	pause   int // the length of dst at which max and ctx are checked
	failure failure
	tracing bool            // record the path of a failure
	encoded *unknownStructs // unknown structs, if they can be encoded
}

// newJSONEncoder returns an encoder that appends up to max bytes to a buffer of this
// length.
func newJSONEncoder(ctx context.Context, t Term, length, max int) jsonEncoder {
	max = length + min(max, math.MaxInt-length)
	return jsonEncoder{ctx: ctx, b: t.Bytes, atoms: t.Atoms, max: max, pause: min(max, math.MaxInt-checkInterval, length+checkInterval)}
}

// checkLimits reports whether n bytes of dst and ctx allow more.
func (e *jsonEncoder) checkLimits(n int) bool {
	if n > e.max {
		return false
	}
	if e.ctx.Err() != nil {
		return e.abort(context.Cause(e.ctx))
	}
	e.pause = min(e.max, n+checkInterval)
	return true
}

// discard removes what has been appended to dst after n bytes. It counts towards the
// interval of checks.
func (e *jsonEncoder) discard(dst []byte, n int) []byte {
	e.pause -= len(dst) - n
	return dst[:n]
}

// decoder returns a Decoder at an offset, for the rare kinds of terms.
func (e *jsonEncoder) decoder(off int) Decoder {
	return Decoder{b: e.b, atoms: e.atoms, off: off}
}

// value appends a term. depth is the nesting of its elements.
func (e *jsonEncoder) value(dst []byte, off, depth int) ([]byte, int, bool) {
	if off >= len(e.b) {
		return e.refuse(dst, off, "")
	}
	tag := Tag(e.b[off])
	if tag == TagBinary { // the most frequent by far
		return e.binary(dst, off)
	}
	if len(dst) > e.pause && !e.checkLimits(len(dst)) {
		return e.stop(dst, off)
	}
	switch tag {
	case TagSmallAtomUTF8, TagAtomCacheRef, TagAtomUTF8, TagSmallAtom, TagAtom:
		return e.atomValue(dst, off)
	case TagSmallInteger, TagInteger, TagSmallBig, TagLargeBig:
		return e.integer(dst, off)
	case TagNewFloat, TagFloat:
		return e.float(dst, off)
	case TagMap:
		return e.mapValue(dst, off, depth)
	case TagList:
		return e.list(dst, off, depth)
	case TagNil:
		return append(dst, "[]"...), off + 1, true
	case TagString:
		return e.packedList(dst, off)
	default:
		return e.refuse(dst, off, kind(tag))
	}
}

func (e *jsonEncoder) binary(dst []byte, off int) ([]byte, int, bool) {
	if n, body, ok := e.header(off, 1); ok {
		if n > (e.pause-len(dst))>>3 && !e.fits(len(dst), e.b[body:body+n]) {
			return dst, body + n, false
		}
		dst, ok := appendJSONString(dst, e.b[body:body+n])
		if !ok {
			return dst, body + n, e.fail("a binary that is not valid UTF-8")
		}
		return dst, body + n, true
	}
	return e.refuse(dst, off, "")
}

// fits reports whether a string may be appended after n bytes of dst.
//
//go:noinline
func (e *jsonEncoder) fits(n int, s []byte) bool {
	if n > e.pause && n <= e.max && !e.checkLimits(n) {
		return false
	}
	// Measuring takes time, so it is done near the limit only.
	if room := e.max - n; len(s) > room>>3 && jsonStringLen(s) > room {
		return e.tooLong()
	}
	return true
}

// header reads a tag and a count of 32 bits. It returns false unless size bytes for
// each can follow. body is the offset after it.
func (e *jsonEncoder) header(off int, size uint64) (n, body int, ok bool) {
	rest := e.b[off:]
	if len(rest) < 5 {
		return 0, 0, false
	}
	count := uint64(binary.BigEndian.Uint32(rest[1:]))
	return int(count), off + 5, count*size <= uint64(len(rest)-5)
}

func (e *jsonEncoder) atomValue(dst []byte, off int) ([]byte, int, bool) {
	name, cached, size, ok := findAtom(e.b[off:], e.atoms)
	if !ok {
		return e.refuse(dst, off, "")
	}
	switch {
	case string(name) == "nil" || cached == "nil":
		return append(dst, "null"...), off + size, true
	case string(name) == "true" || cached == "true":
		return append(dst, "true"...), off + size, true
	case string(name) == "false" || cached == "false":
		return append(dst, "false"...), off + size, true
	}
	return e.atomString(dst, off)
}

func (e *jsonEncoder) atomString(dst []byte, off int) ([]byte, int, bool) {
	name, cached, size, ok := findAtom(e.b[off:], e.atoms)
	if !ok {
		return e.refuse(dst, off, "")
	}
	switch start := len(dst); Tag(e.b[off]) {
	case TagSmallAtomUTF8, TagAtomUTF8:
		dst, ok = appendJSONString(dst, name)
	case TagAtomCacheRef:
		dst, ok = closeString(append(append(dst, '"'), cached...), start)
	default:
		dst, ok = closeString(appendLatin1(append(dst, '"'), name), start)
	}
	if !ok {
		return dst, off + size, e.fail("an atom that is not valid UTF-8")
	}
	return dst, off + size, true
}

func (e *jsonEncoder) integer(dst []byte, off int) ([]byte, int, bool) {
	if rest := e.b[off:]; Tag(rest[0]) == TagSmallInteger && len(rest) >= 2 {
		return appendUint8(dst, rest[1]), off + 2, true
	}
	d := e.decoder(off)
	if Tag(e.b[off]) == TagInteger {
		v, err := d.Int()
		if err != nil {
			return dst, off, e.abort(err)
		}
		return strconv.AppendInt(dst, v, 10), d.off, true
	}
	digits, negative, err := d.magnitude()
	if err != nil {
		return dst, off, e.abort(err)
	}
	if len(digits) > maxBigSize {
		return dst, d.off, e.fail("an integer of more than 10,000 digits")
	}
	if negative {
		dst = append(dst, '-')
	}
	return appendMagnitude(dst, digits), d.off, true
}

func (e *jsonEncoder) float(dst []byte, off int) ([]byte, int, bool) {
	d := e.decoder(off)
	v, err := d.float()
	if err != nil {
		return dst, off, e.abort(err)
	}
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return dst, d.off, e.fail("a float that is not finite")
	}
	return appendFloatText(dst, v), d.off, true
}

// packedList appends a STRING_EXT, which is a list of integers up to 255.
func (e *jsonEncoder) packedList(dst []byte, off int) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.abort(err)
	}
	dst = append(dst, '[')
	for i, c := range e.b[off+3 : d.off] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendUint8(dst, c)
	}
	return append(dst, ']'), d.off, true
}

func (e *jsonEncoder) list(dst []byte, off, depth int) ([]byte, int, bool) {
	n, next, ok := e.header(off, 1)
	if !ok || n == 0 {
		return e.refuse(dst, off, "")
	}
	if depth > maxDepth {
		return e.refuse(dst, off, tooDeep)
	}
	off = next
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, off, ok = e.value(dst, off, depth+1); !ok {
			e.trace(step{index: i})
			return dst, e.skip(off, n-i), false // the remaining elements and the tail
		}
	}
	if off >= len(e.b) || Tag(e.b[off]) != TagNil {
		return e.refuse(dst, off, "the tail of an improper list")
	}
	return append(dst, ']'), off + 1, true
}
