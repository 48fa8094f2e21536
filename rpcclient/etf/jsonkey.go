package etf

import (
	"strconv"
	"unicode/utf8"
)

// key appends a term as the name of a member. Other than atoms and binaries, it
// appends what the protocol String.Chars prints.
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
		return append(dst, '"'), off, ok
	case TagNewFloat, TagFloat:
		dst, off, ok = e.float(append(dst, '"'), off)
		return append(dst, '"'), off, ok
	case TagNil, TagString, TagList:
		return e.chardataKey(dst, off)
	case TagMap:
		return e.structKey(dst, off)
	default:
		return e.refuse(dst, off, asKey(kind(tag)))
	}
}

func asKey(what string) string { return what + " as a key" }

// chardataKey appends a charlist, or nested lists of characters and binaries, in the
// form of List.to_string/1.
func (e *jsonEncoder) chardataKey(dst []byte, off int) ([]byte, int, bool) {
	d := e.decoder(off)
	if err := d.Skip(); err != nil {
		return dst, off, e.abort(err)
	}
	start := len(dst)
	if dst, _, ok := e.appendChardata(append(dst, '"'), off, 1); ok {
		dst, ok = e.closeKey(dst, start)
		return dst, d.off, ok
	}
	return dst, d.off, e.fail(asKey("a list"))
}

// appendChardata appends the text of a well-formed term and returns the offset after
// it.
func (e *jsonEncoder) appendChardata(dst []byte, off, depth int) (_ []byte, _ int, ok bool) {
	d := e.decoder(off)
	switch tag := Tag(e.b[off]); tag {
	case TagNil:
		return dst, off + 1, true
	case TagSmallInteger, TagInteger:
		r, err := d.Int()
		if err != nil || r < 0 || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
			return dst, off, false
		}
		return utf8.AppendRune(dst, rune(r)), d.off, true
	case TagBinary:
		text, err := d.Binary() // which may end within a character
		return append(dst, text...), d.off, err == nil
	case TagString:
		err := d.Skip()
		return appendLatin1(dst, e.b[off+3:d.off]), d.off, err == nil
	case TagList:
		n, err := d.List()
		if err != nil || depth > maxDepth {
			return dst, off, false
		}
		off = d.off
		for range n {
			if dst, off, ok = e.appendChardata(dst, off, depth+1); !ok {
				return dst, off, false
			}
		}
		if tail := Tag(e.b[off]); tail == TagNil || tail == TagBinary {
			return e.appendChardata(dst, off, depth+1)
		}
	}
	return dst, off, false
}

// closeKey makes dst[start:] a JSON string, as closeString does, within the limit.
func (e *jsonEncoder) closeKey(dst []byte, start int) ([]byte, bool) {
	if !e.fits(start, dst[start+1:]) {
		return dst, false
	}
	dst, ok := closeString(dst, start)
	if !ok {
		return dst, e.fail(asKey("a text that is not valid UTF-8"))
	}
	return dst, true
}

func (e *jsonEncoder) structKey(dst []byte, off int) ([]byte, int, bool) {
	s, end, err := e.structAt(off)
	if err != nil {
		return dst, off, e.abort(err)
	}
	if !s.isStruct() {
		return dst, end, e.fail(asKey("a map"))
	}
	start := len(dst)
	dst = append(dst, '"')
	switch s.name = e.structName(&s); s.name {
	case "Date":
		dst = e.appendDate(dst, &s)
	case "Time":
		dst = e.appendTime(dst, &s)
	case "NaiveDateTime":
		dst = e.appendNaiveDateTime(dst, &s, ' ')
	case "DateTime":
		dst = e.appendZoned(dst, &s)
	case "Decimal":
		dst = e.appendScientific(dst, &s)
	case "URI":
		dst = e.appendURI(dst, &s)
	case "Version":
		dst = e.appendVersion(dst, &s)
	case "Version.Requirement":
		dst = append(dst, e.binaryField(&s, fieldSource)...)
	default:
		s.fail("the struct " + e.unknownName(&s))
	}
	if s.reason != "" {
		return dst, end, e.fail(asKey(s.reason))
	}
	dst, ok := e.closeKey(dst, start)
	return dst, end, ok
}

// structAt finds the fields of the map at an offset, and its end.
func (e *jsonEncoder) structAt(off int) (s structTerm, end int, err error) {
	d := e.decoder(off)
	n, err := d.Map()
	if err != nil {
		return s, off, err
	}
	for range n {
		f, value := e.field(d.off)
		if err := d.Skip(); err != nil {
			return s, off, err
		}
		if f != fieldStruct || e.atAtom(value) {
			s.offsets[f] = value
		}
		if err := d.Skip(); err != nil {
			return s, off, err
		}
	}
	return s, d.off, nil
}

// appendZoned appends a DateTime in the form of DateTime.to_string/1, with its time
// zone.
func (e *jsonEncoder) appendZoned(dst []byte, s *structTerm) []byte {
	dst = e.appendDateTime(dst, s, ' ')
	zone := e.binaryField(s, fieldTimeZone)
	if string(zone) == etcUTC {
		return dst
	}
	dst = append(append(dst, ' '), e.binaryField(s, fieldZoneAbbr)...)
	return append(append(dst, ' '), zone...)
}

// appendVersion appends a Version in the form of Version.to_string/1.
func (e *jsonEncoder) appendVersion(dst []byte, s *structTerm) []byte {
	for i, f := range []field{fieldMajor, fieldMinor, fieldPatch} {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = strconv.AppendInt(dst, e.intField(s, f, 0, 1<<53), 10)
	}
	dst = e.appendPre(dst, s)
	if e.isSet(s, fieldBuild) {
		dst = append(append(dst, '+'), e.binaryField(s, fieldBuild)...)
	}
	return dst
}

// appendPre appends the parts of a Version's pre-release, a list of numbers and
// binaries.
func (e *jsonEncoder) appendPre(dst []byte, s *structTerm) []byte {
	d, ok := e.at(s, fieldPre)
	if !ok {
		return dst
	}
	before := byte('-')
	if tag, _ := d.Tag(); tag == TagString { // of small numbers alone
		numbers := d
		_ = numbers.Skip()
		for _, v := range e.b[d.off+3 : numbers.off] {
			dst = appendUint8(append(dst, before), v)
			before = '.'
		}
		return dst
	}
	n, err := d.List()
	if err != nil {
		s.invalid(fieldPre)
	}
	for range n {
		dst = append(dst, before)
		before = '.'
		if v, err := d.Int(); err == nil {
			dst = strconv.AppendInt(dst, v, 10)
		} else if text, err := d.Binary(); err == nil {
			dst = append(dst, text...)
		} else {
			s.invalid(fieldPre)
			return dst
		}
	}
	if n > 0 && d.Nil() != nil {
		s.invalid(fieldPre)
	}
	return dst
}

func (e *jsonEncoder) isSet(s *structTerm, f field) bool {
	d, ok := e.at(s, f)
	return ok && !d.atomIs("nil")
}
