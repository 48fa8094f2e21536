package etf

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// appendJSONString appends s as a JSON string with only the escapes that RFC 8259
// requires. It returns false if s is not valid UTF-8.
//
// It may read, and ignores, bytes of s past its length and within its capacity.
func appendJSONString(dst, s []byte) ([]byte, bool) {
	dst = growString(dst, len(s))
	dst = append(dst, '"')
	out, o := dst[:cap(dst)], len(dst)
	var seen uint64
	for i := 0; i < len(s); {
		var w uint64
		n := len(s) - i
		if n >= 8 {
			w = binary.LittleEndian.Uint64(s[i:])
			n = 8
		} else {
			w = tail(s, i)
		}
		seen |= w
		binary.LittleEndian.PutUint64(out[o:], w)
		hit := special(w)
		if hit == 0 {
			i += n
			o += n
			continue
		}
		n = bits.TrailingZeros64(hit) / 8
		dst = appendEscape(out[:o+n], s[i+n])
		i += n + 1
		dst = growString(dst, len(s)-i)
		out, o = dst[:cap(dst)], len(dst)
	}
	if seen&highs != 0 && !utf8.Valid(s) {
		return dst, false
	}
	out[o] = '"'
	return out[:o+1], true
}

// jsonStringLen returns the number of bytes that appendJSONString appends.
func jsonStringLen(s []byte) int {
	n := len(s) + len(`""`)
	for _, c := range s {
		switch {
		case c == '"', c == '\\', '\b' <= c && c <= '\r' && c != '\v':
			n++
		case c < ' ':
			n += len(`u0000`)
		}
	}
	return n
}

// growString makes space for a string of n bytes, written in whole words.
func growString(dst []byte, n int) []byte {
	if n += len(`""`) + 7; cap(dst)-len(dst) < n {
		return slices.Grow(dst, n)
	}
	return dst
}

// tail returns the last bytes of s, fewer than eight from i on, padded with spaces.
func tail(s []byte, i int) uint64 {
	mask := ^uint64(0) << (8 * (len(s) - i)) // of the bytes past the end
	if rest := s[i:cap(s)]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest)&^mask | spaces&mask
	}
	w := spaces & mask
	for j, c := range s[i:] {
		w |= uint64(c) << (8 * j)
	}
	return w
}

// appendEscape appends the escape sequence of a control character, quotation mark or
// backslash.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\t':
		return append(dst, `\t`...)
	case '\n':
		return append(dst, `\n`...)
	case '\f':
		return append(dst, `\f`...)
	case '\r':
		return append(dst, `\r`...)
	}
	const hex = "0123456789ABCDEF"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}

// closeString makes dst[start:], a quotation mark and the text after it, a JSON
// string. It returns false if the text is not valid UTF-8.
func closeString(dst []byte, start int) ([]byte, bool) {
	raw := dst[start+1:]
	if n, ascii := plainRun(raw); n == len(raw) && ascii {
		return append(dst, '"'), true
	}
	escaped, ok := appendJSONString(dst, raw)
	n := copy(escaped[start:], escaped[len(dst):])
	return escaped[:start+n], ok
}
