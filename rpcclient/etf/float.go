package etf

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// floatTextSize is the length of the text of a FLOAT_EXT: "%.20e", padded with zero
// bytes.
const floatTextSize = 31

// float consumes a NEW_FLOAT_EXT or FLOAT_EXT.
func (d *Decoder) float() (float64, error) {
	tag, err := d.Tag()
	if err != nil {
		return 0, err
	}
	switch tag {
	case TagNewFloat:
		if err := d.need(tag, 9); err != nil {
			return 0, err
		}
		v := math.Float64frombits(binary.BigEndian.Uint64(d.b[d.off+1:]))
		d.off += 9
		return v, nil
	case TagFloat:
		if err := d.need(tag, 1+floatTextSize); err != nil {
			return 0, err
		}
		text := d.b[d.off+1 : d.off+1+floatTextSize]
		if end := bytes.IndexByte(text, 0); end >= 0 {
			text = text[:end]
		}
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return 0, d.errorf("FLOAT_EXT that is not a number")
		}
		d.off += 1 + floatTextSize
		return v, nil
	}
	return 0, d.unexpected(tag, "a float")
}

// appendFloatText appends the shortest decimal text that reads back as the finite
// number v, in the form of erlang:float_to_binary(V, [short]): always with a point,
// and with an exponent if that is shorter or v exceeds 2^53, beyond which integers are
// not exact.
func appendFloatText(dst []byte, v float64) []byte {
	if math.Signbit(v) {
		dst = append(dst, '-')
		v = -v
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], v, 'e', -1, 64) // such as 1e+22 or 1.5e-07
	e := bytes.IndexByte(text, 'e')
	exponent := 0
	for _, c := range text[e+2:] {
		exponent = exponent*10 + int(c-'0')
	}
	if text[e+1] == '-' {
		exponent = -exponent
	}
	digits := text[:1]
	if e > 1 {
		text[1] = text[0] // over the point
		digits = text[1:e]
	}

	if v < 1<<53 && plainLength(digits, exponent) <= scientificLength(digits, exponent) {
		return appendPlain(dst, digits, exponent)
	}
	dst = append(dst, digits[0], '.')
	if len(digits) == 1 {
		dst = append(dst, '0')
	}
	dst = append(dst, digits[1:]...)
	dst = append(dst, 'e')
	return strconv.AppendInt(dst, int64(exponent), 10)
}

// appendPlain appends d.ddd × 10^exponent without an exponent.
func appendPlain(dst, digits []byte, exponent int) []byte {
	switch point := exponent + 1; {
	case point <= 0:
		dst = append(dst, "0."...)
		dst = appendZeros(dst, -point)
		return append(dst, digits...)
	case point < len(digits):
		dst = append(dst, digits[:point]...)
		dst = append(dst, '.')
		return append(dst, digits[point:]...)
	default:
		dst = append(dst, digits...)
		dst = appendZeros(dst, point-len(digits))
		return append(dst, ".0"...)
	}
}

// plainLength returns the number of bytes that appendPlain appends.
func plainLength(digits []byte, exponent int) int {
	switch point := exponent + 1; {
	case point <= 0:
		return len("0.") - point + len(digits)
	case point < len(digits):
		return len(digits) + len(".")
	default:
		return point + len(".0")
	}
}

// scientificLength returns the length of the number with an exponent.
func scientificLength(digits []byte, exponent int) int {
	n := max(len(digits), 2) + len(".e")
	if exponent < 0 {
		n++
		exponent = -exponent
	}
	for ; exponent >= 10; exponent /= 10 {
		n++
	}
	return n + 1
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
