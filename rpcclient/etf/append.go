package etf

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
)

// AppendAtom appends an atom as SMALL_ATOM_UTF8_EXT, or ATOM_UTF8_EXT past 255 bytes.
// The name must be valid UTF-8 of at most 255 characters, the limit of a BEAM node,
// and from a bounded set: a node never frees an atom.
func AppendAtom(b []byte, name string) []byte {
	if len(name) <= math.MaxUint8 {
		b = append(b, byte(TagSmallAtomUTF8), byte(len(name)))
	} else {
		b = append(b, byte(TagAtomUTF8))
		b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	}
	return append(b, name...)
}

// AppendBool appends the atom true or false.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return AppendAtom(b, "true")
	}
	return AppendAtom(b, "false")
}

// AppendInt appends an integer in the smallest encoding: SMALL_INTEGER_EXT,
// INTEGER_EXT or SMALL_BIG_EXT.
func AppendInt(b []byte, v int64) []byte {
	switch {
	case 0 <= v && v <= math.MaxUint8:
		return append(b, byte(TagSmallInteger), byte(v))
	case math.MinInt32 <= v && v <= math.MaxInt32:
		b = append(b, byte(TagInteger))
		return binary.BigEndian.AppendUint32(b, uint32(v))
	case v < 0:
		return appendBigUint(b, 1, -uint64(v))
	default:
		return appendBigUint(b, 0, uint64(v))
	}
}

// appendBigUint appends a SMALL_BIG_EXT of at most 64 bits. sign is 1 for a negative
// number.
func appendBigUint(b []byte, sign byte, magnitude uint64) []byte {
	b = append(b, byte(TagSmallBig), 0, sign)
	start := len(b)
	for ; magnitude != 0; magnitude >>= 8 {
		b = append(b, byte(magnitude))
	}
	b[start-2] = byte(len(b) - start)
	return b
}

// AppendBig appends an integer of any size in the smallest encoding.
func AppendBig(b []byte, v *big.Int) []byte {
	if v.IsInt64() {
		return AppendInt(b, v.Int64())
	}
	n := (v.BitLen() + 7) / 8
	if n <= math.MaxUint8 {
		b = append(b, byte(TagSmallBig), byte(n))
	} else {
		b = append(b, byte(TagLargeBig))
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	sign := byte(0)
	if v.Sign() < 0 {
		sign = 1
	}
	b = append(b, sign)
	b = slices.Grow(b, n)
	digits := b[len(b) : len(b)+n]
	v.FillBytes(digits)
	slices.Reverse(digits) // the wire has the least significant byte first
	return b[:len(b)+n]
}

// AppendFloat appends a float as NEW_FLOAT_EXT. v must be finite: the BEAM has no
// infinities and no NaN, and closes a connection that sends one.
func AppendFloat(b []byte, v float64) []byte {
	b = append(b, byte(TagNewFloat))
	return binary.BigEndian.AppendUint64(b, math.Float64bits(v))
}

// AppendBinary appends the bytes of v, fewer than 2^32, as BINARY_EXT. An Elixir
// string is a binary.
func AppendBinary[T ~string | ~[]byte](b []byte, v T) []byte {
	b = append(b, byte(TagBinary))
	b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
	return append(b, v...)
}

// AppendTuple appends the header of a tuple. The caller appends arity terms.
func AppendTuple(b []byte, arity int) []byte {
	if arity <= math.MaxUint8 {
		return append(b, byte(TagSmallTuple), byte(arity))
	}
	b = append(b, byte(TagLargeTuple))
	return binary.BigEndian.AppendUint32(b, uint32(arity))
}

// AppendList appends the header of a list of n elements. The caller appends n terms
// and then the tail, which is [AppendNil] for a proper list.
//
// For n == 0 it appends nothing, so that the same calls make the empty list.
func AppendList(b []byte, n int) []byte {
	if n == 0 {
		return b
	}
	b = append(b, byte(TagList))
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// AppendNil appends the empty list, which is also the tail of a proper list.
func AppendNil(b []byte) []byte {
	return append(b, byte(TagNil))
}

// AppendMap appends the header of a map. The caller appends n pairs of key and value.
// Keys must differ: a node closes a connection that sends a duplicate.
func AppendMap(b []byte, n int) []byte {
	b = append(b, byte(TagMap))
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// AppendPid appends a pid as NEW_PID_EXT.
func AppendPid(b []byte, p Pid) []byte {
	b = append(b, byte(TagNewPid))
	b = AppendAtom(b, p.Node)
	b = binary.BigEndian.AppendUint32(b, p.ID)
	b = binary.BigEndian.AppendUint32(b, p.Serial)
	return binary.BigEndian.AppendUint32(b, p.Creation)
}

// AppendRef appends a reference as NEWER_REFERENCE_EXT.
func AppendRef(b []byte, r Ref) []byte {
	b = append(b, byte(TagNewerRef))
	b = binary.BigEndian.AppendUint16(b, uint16(r.Len))
	b = AppendAtom(b, r.Node)
	b = binary.BigEndian.AppendUint32(b, r.Creation)
	for _, id := range r.IDs[:r.Len] {
		b = binary.BigEndian.AppendUint32(b, id)
	}
	return b
}
