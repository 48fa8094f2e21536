package etf

import (
	"encoding/binary"
	"fmt"
	"math"
)

// maxJSONDepth is the maximum nesting of arrays and objects in a JSON text.
const maxJSONDepth = 512

// AppendJSONTerm appends the term of a JSON text, without version byte:
//
//   - an object becomes a map with binaries as keys; of duplicate names the first member
//     counts, as with Jason
//   - an array becomes a list, a string a binary in UTF-8
//   - a number without fraction and exponent becomes an integer of up to 10,000 digits,
//     any other a float; an overflow is an error
//   - true, false and null become the atoms true, false and nil
//
// It makes no other atoms. The text must be a single JSON value as in RFC 8259, in
// valid UTF-8, without unpaired surrogates, nested at most 512 deep, and less than 4
// GiB. Anything else is a [*SyntaxError], and dst is returned unchanged.
//
// If dst is large enough, AppendJSONTerm allocates only for integers past 64 bits,
// floats of more than 32 bytes, objects of more than 16 members, and errors. Its time
// is linear in the length of the text.
func AppendJSONTerm(dst, json []byte) ([]byte, error) {
	p := jsonParser{json: json}
	if uint64(len(json)) > math.MaxUint32 { // the maximum length of a term
		return dst, p.errorf("text of more than 4 GiB")
	}
	out, err := p.text(dst)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// A jsonParser appends the terms of a JSON text as it reads.
type jsonParser struct {
	json []byte
	off  int
}

// text appends the only value of a text.
func (p *jsonParser) text(dst []byte) ([]byte, error) {
	p.space()
	dst, err := p.value(dst, 1)
	if err != nil {
		return dst, err
	}
	p.space()
	if p.off < len(p.json) {
		return dst, p.unexpected("the end of the text")
	}
	return dst, nil
}

// value appends the value at the cursor. depth is the nesting of its elements.
func (p *jsonParser) value(dst []byte, depth int) ([]byte, error) {
	switch p.peek() {
	case '"':
		return p.string(dst)
	case '{':
		return p.object(dst, depth)
	case '[':
		return p.array(dst, depth)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.number(dst)
	case 't':
		return p.literal(dst, "true", "true")
	case 'f':
		return p.literal(dst, "false", "false")
	case 'n':
		return p.literal(dst, "null", "nil")
	}
	return dst, p.unexpected("a value")
}

func (p *jsonParser) literal(dst []byte, text, atom string) ([]byte, error) {
	for i := range len(text) {
		if p.peek() != text[i] {
			return dst, p.unexpected(text)
		}
		p.off++
	}
	return AppendAtom(dst, atom), nil
}

// array appends a list. Its length comes before its elements and is known after them.
func (p *jsonParser) array(dst []byte, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return dst, p.errorf("nesting deeper than %d", maxJSONDepth)
	}
	p.off++
	p.space()
	if p.peek() == ']' {
		p.off++
		return AppendNil(dst), nil
	}
	start := len(dst)
	dst = append(dst, byte(TagList), 0, 0, 0, 0)
	for n := uint32(1); ; n++ {
		var err error
		if dst, err = p.value(dst, depth+1); err != nil {
			return dst, err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.off++
			p.space()
		case ']':
			p.off++
			binary.BigEndian.PutUint32(dst[start+1:], n)
			return AppendNil(dst), nil
		default:
			return dst, p.unexpected("a comma or ]")
		}
	}
}

func (p *jsonParser) object(dst []byte, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return dst, p.errorf("nesting deeper than %d", maxJSONDepth)
	}
	p.off++
	start := len(dst)
	dst = append(dst, byte(TagMap), 0, 0, 0, 0)
	p.space()
	if p.peek() == '}' {
		p.off++
		return dst, nil
	}
	var keys objectKeys
	for {
		if p.peek() != '"' {
			return dst, p.unexpected("the name of a member")
		}
		key := len(dst)
		var err error
		if dst, err = p.string(dst); err != nil {
			return dst, err
		}
		first := keys.add(dst, span{key, len(dst)})
		p.space()
		if p.peek() != ':' {
			return dst, p.unexpected("a colon")
		}
		p.off++
		p.space()
		if dst, err = p.value(dst, depth+1); err != nil {
			return dst, err
		}
		if !first {
			dst = dst[:key]
		}
		p.space()
		switch p.peek() {
		case ',':
			p.off++
			p.space()
		case '}':
			p.off++
			binary.BigEndian.PutUint32(dst[start+1:], uint32(keys.n))
			return dst, nil
		default:
			return dst, p.unexpected("a comma or }")
		}
	}
}

// space skips insignificant whitespace.
func (p *jsonParser) space() {
	for p.off < len(p.json) {
		switch p.json[p.off] {
		case ' ', '\t', '\n', '\r':
			p.off++
		default:
			return
		}
	}
}

// peek returns the byte at the cursor, or zero at the end. Zero is no byte of a valid
// text.
func (p *jsonParser) peek() byte {
	if p.off < len(p.json) {
		return p.json[p.off]
	}
	return 0
}

// unexpected reports what is at the cursor instead of what should be.
//
//go:noinline
func (p *jsonParser) unexpected(want string) error {
	if p.off >= len(p.json) {
		return p.errorf("end of text where %s was expected", want)
	}
	if c := p.json[p.off]; c >= 0x80 {
		return p.errorf("byte 0x%02X where %s was expected", c, want)
	}
	return p.errorf("%q where %s was expected", p.json[p.off], want)
}

func (p *jsonParser) errorf(format string, args ...any) error {
	return &SyntaxError{Offset: p.off, Reason: fmt.Sprintf(format, args...)}
}
