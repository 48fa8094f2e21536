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
	start, abs := len(dst), math.Abs(v)
	if abs == 0 || 1e-3 <= abs && abs < 1<<53 && (abs < 1e3 || abs != math.Trunc(abs)) {
		return withPoint(strconv.AppendFloat(dst, v, 'f', -1, 64), start) // never longer
	}
	dst = appendScientificText(dst, v)
	if size := len(dst) - start; abs < 1<<53 {
		dst = withPoint(strconv.AppendFloat(dst, v, 'f', -1, 64), start+size)
		if plain := dst[start+size:]; len(plain) <= size {
			return append(dst[:start], plain...)
		}
		dst = dst[:start+size]
	}
	return dst
}

// appendScientificText appends a number with an exponent, such as 1.0e22 or 1.5e-7.
func appendScientificText(dst []byte, v float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, v, 'e', -1, 64) // such as 1e+22 or 1.5e-07
	e := start + bytes.IndexByte(dst[start:], 'e')
	exponent, _ := strconv.Atoi(string(dst[e+1:]))
	return strconv.AppendInt(append(withPoint(dst[:e], start), 'e'), int64(exponent), 10)
}

// withPoint appends .0 to a number from start on that has no point.
func withPoint(dst []byte, start int) []byte {
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	return dst
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
