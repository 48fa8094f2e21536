package etf

import (
	"math"
	"slices"
	"strconv"
)

// maxFormatSize is the maximum length of String's text. It bounds the nesting as well,
// since every level takes some bytes.
const maxFormatSize = 4 << 10

// String returns the term in Elixir's notation, for logs and error messages, such as
//
//	{:error, %RuntimeError{message: "boom"}}
//
// Identifiers show the name of their node, as in #PID<app@host.123.0>. The text is at
// most 4 KiB long; "..." stands for the rest, and for malformed bytes.
func (t Term) String() string {
	f := formatter{Decoder: NewDecoder(t)}
	if !f.term() || len(f.out) > maxFormatSize {
		const more = "..."
		f.out = append(cutText(f.out, maxFormatSize-len(more)), more...)
	}
	return string(f.out)
}

// A formatter appends the notation of the terms of its decoder. Its methods return
// false at the end of the text.
type formatter struct {
	Decoder
	out []byte
}

func (f *formatter) term() bool {
	tag, err := f.Tag()
	if err != nil || len(f.out) > maxFormatSize {
		return false
	}
	switch tag {
	case TagSmallAtomUTF8, TagAtomUTF8, TagSmallAtom, TagAtom, TagAtomCacheRef:
		name, err := f.Atom()
		if err != nil {
			return false
		}
		f.out = appendAtomText(f.out, name)
		return true
	case TagBinary:
		s, err := f.Binary()
		if err != nil {
			return false
		}
		f.out = appendBinaryText(f.out, s)
		return true
	case TagSmallInteger, TagInteger, TagSmallBig, TagLargeBig:
		return f.integer()
	case TagNewFloat, TagFloat:
		v, err := f.float()
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
		f.out = appendFloatText(f.out, v)
		return true
	case TagString:
		start := f.off + 3
		if f.Skip() != nil {
			return false
		}
		f.out = appendCharlistText(f.out, f.b[start:f.off])
		return true
	case TagBitBinary:
		return f.bitstring()
	case TagNil, TagList:
		return f.list()
	case TagSmallTuple, TagLargeTuple:
		return f.tuple()
	case TagMap:
		n, err := f.Map()
		return err == nil && f.pairs(n)
	}
	return f.identifier(tag)
}

func (f *formatter) integer() bool {
	if v, err := f.Int(); err == nil {
		f.out = strconv.AppendInt(f.out, v, 10)
		return true
	}
	digits, negative, err := f.magnitude()
	if err != nil || len(digits) > math.MaxUint8 { // too long for a log
		return false
	}
	if negative {
		f.out = append(f.out, '-')
	}
	f.out = appendMagnitude(f.out, digits)
	return true
}

func (f *formatter) bitstring() bool {
	start := f.off
	if f.Skip() != nil {
		return false
	}
	last, bytes := f.b[start+5], f.b[start+6:f.off]
	if len(bytes) == 0 || last < 1 || last > 8 {
		return false
	}
	f.out = append(f.out, "<<"...)
	n := len(bytes) - 1
	f.out = appendNumbers(f.out, bytes[:n])
	if n > 0 {
		f.out = append(f.out, ", "...)
	}
	f.out = strconv.AppendUint(f.out, uint64(bytes[n]>>(8-last)), 10)
	f.out = append(f.out, "::size("...)
	f.out = strconv.AppendUint(f.out, uint64(last), 10)
	f.out = append(f.out, ")>>"...)
	return true
}

func (f *formatter) tuple() bool {
	n, err := f.Tuple()
	f.out = append(f.out, '{')
	if err != nil || !f.elements(n) {
		return false
	}
	f.out = append(f.out, '}')
	return true
}

func (f *formatter) list() bool {
	n, err := f.List()
	f.out = append(f.out, '[')
	if err != nil || !f.elements(n) {
		return false
	}
	if n > 0 && f.Nil() != nil {
		f.out = append(f.out, " | "...)
		if !f.term() {
			return false
		}
	}
	f.out = append(f.out, ']')
	return true
}

func (f *formatter) elements(n int) bool {
	for i := range n {
		if i > 0 {
			f.out = append(f.out, ", "...)
		}
		if !f.term() {
			return false
		}
	}
	return true
}

// pairs appends the n pairs of a map or struct. A struct's name goes in front once its
// key is found.
func (f *formatter) pairs(n int) bool {
	f.out = append(f.out, "%{"...)
	brace := len(f.out) - 1
	separator := ""
	for range n {
		if len(f.out) > maxFormatSize {
			return false
		}
		if f.atomIs("__exception__") && f.Skip() == nil && f.Skip() == nil {
			continue // true in every exception, and not shown
		}
		if f.atomIs("__struct__") && f.Skip() == nil {
			if name, err := f.Atom(); err == nil {
				text := appendAtomText(nil, name)
				f.out = slices.Insert(f.out, brace, text...)
				brace += len(text)
				continue
			}
			f.out = append(f.out, separator+"__struct__: "...)
		} else {
			f.out = append(f.out, separator...)
			if !f.key() {
				return false
			}
		}
		if !f.term() {
			return false
		}
		separator = ", "
	}
	f.out = append(f.out, '}')
	return true
}

// key appends a map's key and the separator after it.
func (f *formatter) key() bool {
	if f.atAtom() {
		name, err := f.Atom()
		if err != nil {
			return false
		}
		if identifierText(name) {
			f.out = append(f.out, name+": "...)
			return true
		}
		f.out = appendAtomText(f.out, name)
	} else if !f.term() {
		return false
	}
	f.out = append(f.out, " => "...)
	return true
}
