package etf

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
)

// maxBigSize is the maximum size, in bytes, of an integer that is converted to
// decimal, which takes more than linear time. It holds 10,000 digits, the limit of
// [AppendJSONTerm].
const maxBigSize = 4153

// magnitude consumes the header of a SMALL_BIG_EXT or LARGE_BIG_EXT and its digits:
// bytes, the least significant first. They alias the input.
func (d *Decoder) magnitude() (digits []byte, negative bool, err error) {
	tag, err := d.Tag()
	if err != nil {
		return nil, false, err
	}
	header, size := 3, uint64(0)
	switch tag {
	case TagSmallBig:
		if err := d.need(tag, 3); err != nil {
			return nil, false, err
		}
		size = uint64(d.b[d.off+1])
	case TagLargeBig:
		if err := d.need(tag, 6); err != nil {
			return nil, false, err
		}
		header, size = 6, uint64(d.uint32(1))
	default:
		return nil, false, d.unexpected(tag, "an integer")
	}
	if err := d.need(tag, uint64(header)+size); err != nil {
		return nil, false, err
	}
	digits = d.b[d.off+header : d.off+header+int(size)]
	negative = d.b[d.off+header-1] != 0
	d.off += header + int(size)
	return digits, negative, nil
}

// appendMagnitude appends a number in decimal, given as bytes, the least significant
// first. It allocates only past 255 bytes.
func appendMagnitude(dst, digits []byte) []byte {
	if v, ok := littleEndian(digits); ok {
		return strconv.AppendUint(dst, v, 10)
	}
	if len(digits) > 255 {
		b := slices.Clone(digits)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b).Append(dst, 10)
	}

	var padded [256]byte
	copy(padded[:], digits)
	var words [32]uint64
	n := 0 // words in use
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(padded[8*i:])
		if words[i] != 0 {
			n = i + 1
		}
	}
	// Repeated division by the largest power of ten that fits a word gives nineteen
	// digits at a time, from the right.
	const chunk, chunkDigits = 1e19, 19
	var chunks [34]uint64 // 255 bytes are at most 615 digits
	m := 0
	for n > 0 {
		var rem uint64
		for i := n - 1; i >= 0; i-- {
			words[i], rem = bits.Div64(rem, words[i], chunk)
		}
		chunks[m] = rem
		m++
		for n > 0 && words[n-1] == 0 {
			n--
		}
	}
	dst = strconv.AppendUint(dst, chunks[m-1], 10) // #nosec G602 -- m is not 0: the number has more than 64 bits
	for i := m - 2; i >= 0; i-- {
		start := len(dst)
		dst = append(dst, "0000000000000000000"[:chunkDigits]...)
		for j, v := len(dst)-1, chunks[i]; j >= start; j-- {
			dst[j] = byte('0' + v%10)
			v /= 10
		}
	}
	return dst
}

// appendUint8 appends a byte as a number, fast, for long lists of bytes.
func appendUint8(dst []byte, v byte) []byte {
	switch {
	case v >= 100:
		return append(dst, '0'+v/100, '0'+v/10%10, '0'+v%10)
	case v >= 10:
		return append(dst, '0'+v/10, '0'+v%10)
	}
	return append(dst, '0'+v)
}
