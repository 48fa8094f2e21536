package etf

import (
	"math"
	"strconv"
)

// maxDecimalExponent bounds the exponent of a Decimal, which is the number of zeros
// written for it. It is that of IEEE 754 decimal128.
const maxDecimalExponent = 6176

// appendDecimal appends a Decimal without an exponent, as Jason does by
// Decimal.to_string(decimal, :normal).
func (e *jsonEncoder) appendDecimal(dst []byte, s *structTerm) []byte {
	dst, start := e.appendDigits(dst, s)
	if start < 0 {
		return dst
	}
	exp := e.intField(s, fieldExp, math.MinInt64, math.MaxInt64)
	if exp < -maxDecimalExponent || exp > maxDecimalExponent {
		s.fail("a Decimal with an exponent past 6,176")
	}
	if s.reason != "" {
		return dst
	}
	if exp >= 0 {
		return appendZeros(dst, int(exp))
	}
	return placePoint(dst, start, int(exp))
}

// appendScientific appends a Decimal in the form of Decimal.to_string/1, which uses an
// exponent if the point is far from the digits.
func (e *jsonEncoder) appendScientific(dst []byte, s *structTerm) []byte {
	dst, start := e.appendDigits(dst, s)
	if start < 0 {
		return dst
	}
	n := len(dst) - start
	exp := e.intField(s, fieldExp, -1<<53, 1<<53)
	adjusted := exp + int64(n) - 1
	switch {
	case s.reason != "" || exp == 0:
		return dst
	case exp < 0 && adjusted >= -6:
		return placePoint(dst, start, int(exp))
	case n > 1:
		dst = append(dst, 0)
		copy(dst[start+2:], dst[start+1:])
		dst[start+1] = '.'
	}
	dst = append(dst, 'E')
	if exp >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, adjusted, 10)
}

// appendDigits appends the sign and the coefficient of a Decimal, and returns the
// offset of the digits, or -1 for one that is not a number or is invalid.
func (e *jsonEncoder) appendDigits(dst []byte, s *structTerm) (_ []byte, start int) {
	sign := e.intField(s, fieldSign, -1, 1)
	if sign == 0 {
		s.invalid(fieldSign)
	}
	if sign < 0 {
		dst = append(dst, '-')
	}
	d, ok := e.at(s, fieldCoef)
	switch {
	case !ok:
		return dst, -1
	case d.atomIs("NaN"):
		return append(dst, "NaN"...), -1
	case d.atomIs("inf"):
		return append(dst, "Infinity"...), -1
	}
	start = len(dst)
	dst = e.appendCoef(dst, s)
	if s.reason != "" {
		return dst, -1
	}
	return dst, start
}

// placePoint inserts the point into the digits from start on. -exp digits are right of
// it.
func placePoint(dst []byte, start, exp int) []byte {
	n := len(dst) - start
	point := n + exp // digits left of the point
	if point > 0 {
		dst = append(dst, 0)
		copy(dst[start+point+1:], dst[start+point:])
	} else {
		shift := len("0.") - point
		dst = appendZeros(dst, shift)
		copy(dst[start+shift:], dst[start:start+n])
		for i := range shift {
			dst[start+i] = '0'
		}
		point = 1
	}
	dst[start+point] = '.'
	return dst
}

// appendCoef appends the coefficient, which is not negative.
func (e *jsonEncoder) appendCoef(dst []byte, s *structTerm) []byte {
	start, off := len(dst), s.offsets[fieldCoef]
	switch Tag(e.b[off]) {
	case TagSmallInteger, TagInteger, TagSmallBig, TagLargeBig:
		dst, _, ok := e.integer(dst, off)
		if ok && dst[start] != '-' {
			return dst
		}
		if !ok {
			s.fail("a Decimal of more than 10,000 digits")
		}
	}
	s.invalid(fieldCoef)
	return dst
}
