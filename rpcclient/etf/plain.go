package etf

import (
	"encoding/binary"
	"math/bits"
)

// Masks for the eight bytes of a word.
const (
	lows   = 0x0101010101010101
	highs  = 0x8080808080808080
	spaces = 0x2020202020202020
)

// special returns zero unless a byte of w must be escaped in a JSON string (RFC 8259,
// section 7): a control character, quotation mark or backslash. The lowest bit set is
// the highest of the first such byte.
func special(w uint64) uint64 {
	// In the bytewise subtractions, a borrow only reaches bytes above a hit, so the
	// lowest hit is a true one. Bytes of 0x80 and above are never hits.
	control := (w - spaces) &^ w
	quote := ((w ^ '"'*lows) - lows) &^ w
	escape := ((w ^ '\\'*lows) - lows) &^ w
	return (control | quote | escape) & highs
}

// plainRun returns the length of the longest prefix of s that needs no escape in a
// JSON string, if it is valid UTF-8. ascii reports whether it is ASCII and so known to
// be valid.
func plainRun(s []byte) (n int, ascii bool) {
	var seen uint64
	for ; len(s)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(s[n:])
		if hit := special(w); hit != 0 {
			k := bits.TrailingZeros64(hit) / 8
			seen |= w & (1<<(8*k) - 1)
			return n + k, seen&highs == 0
		}
		seen |= w
	}
	for ; n < len(s); n++ {
		c := s[n]
		if c < 0x20 || c == '"' || c == '\\' {
			break
		}
		seen |= uint64(c)
	}
	return n, seen&highs == 0
}
