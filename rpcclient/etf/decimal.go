package etf

// maxDecimalExponent bounds the exponent of a Decimal, since that many zeros are
// written for it. It is that of IEEE 754 decimal128.
const maxDecimalExponent = 6176

// appendDecimal appends a Decimal without an exponent, as Jason does: by
// Decimal.to_string(decimal, :normal).
func (e *jsonEncoder) appendDecimal(dst []byte, s *structTerm) []byte {
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
		return dst
	case d.atomIs("NaN"):
		return append(dst, "NaN"...)
	case d.atomIs("inf"):
		return append(dst, "Infinity"...)
	}
	start := len(dst)
	dst = e.appendCoef(dst, s)
	n := len(dst) - start
	exp := int(e.intField(s, fieldExp, -maxDecimalExponent, maxDecimalExponent))
	point := n + exp // digits left of the point
	switch {
	case s.reason != "":
		return dst
	case exp >= 0:
		return appendZeros(dst, exp)
	case point > 0:
		dst = append(dst, 0)
		copy(dst[start+point+1:], dst[start+point:])
	default:
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
	}
	s.invalid(fieldCoef)
	return dst
}
