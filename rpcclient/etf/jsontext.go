package etf

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// string appends a binary for the string at the cursor.
func (p *jsonParser) string(dst []byte) ([]byte, error) {
	p.off++
	start := len(dst)
	dst = append(dst, byte(TagBinary), 0, 0, 0, 0)
	for {
		rest := p.json[p.off:]
		n, ascii := plainRun(rest)
		if !ascii && !utf8.Valid(rest[:n]) {
			return dst, p.invalidUTF8(rest[:n])
		}
		dst = append(dst, rest[:n]...)
		p.off += n
		if n == len(rest) {
			return dst, p.errorf("end of text in a string")
		}
		switch c := rest[n]; c {
		case '"':
			p.off++
			binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-5))
			return dst, nil
		case '\\':
			var err error
			if dst, err = p.escape(dst); err != nil {
				return dst, err
			}
		default:
			return dst, p.errorf("control character 0x%02X in a string", c)
		}
	}
}

// invalidUTF8 reports the first invalid byte of s, which begins at the cursor.
func (p *jsonParser) invalidUTF8(s []byte) error {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if r == utf8.RuneError && size == 1 {
			break
		}
		s = s[size:]
		p.off += size
	}
	return p.errorf("invalid UTF-8 in a string")
}

// escape appends the meaning of the escape sequence at the cursor.
func (p *jsonParser) escape(dst []byte) ([]byte, error) {
	if len(p.json)-p.off < 2 {
		return dst, p.errorf("end of text in an escape sequence")
	}
	c := p.json[p.off+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, size := p.escapedRune()
		if size == 0 {
			return dst, p.errorf(`\u without four hexadecimal digits, or half of a surrogate pair`)
		}
		p.off += size
		return utf8.AppendRune(dst, r), nil
	default:
		return dst, p.errorf("unknown escape sequence")
	}
	p.off += 2
	return append(dst, c), nil
}

// escapedRune reads the \uXXXX at the cursor, or two of them that are a surrogate
// pair, without consuming it. size is zero if there is none.
func (p *jsonParser) escapedRune() (r rune, size int) {
	r, ok := hex4(p.json[p.off:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, ok := hex4(p.json[p.off+6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// hex4 reads a \uXXXX.
func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
