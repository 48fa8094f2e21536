package etf

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// A slot is a member of a map that has an order, or the head of a map's members. The
// slots of a map are adjacent, in the order of printing; those of inner maps follow.
type slot struct {
	// rank is the member's rank in the order. An unknown member ranks last. A head has
	// the number of members, or termOrder.
	rank uint32
	off  uint32 // of the value; of the key of an unknown member; of the end in a head
	next uint32 // the head of the first map in the value; in a head the slot after the map's last
}

// termOrder marks a map that is printed in the order of the term, as structs are.
const termOrder = 1<<32 - 1

// maxSlots bounds the memory for slots to 12 MiB for an answer. Terms with more
// members in order are printed in their own order.
const maxSlots = 1 << 20

// maxPooledSlots is the maximum number of slots that are kept for later terms.
const maxPooledSlots = 1 << 16

// An orderedMemory is reused by calls of [Term.AppendJSONOrdered].
type orderedMemory struct {
	slots []slot
	atom  []byte
	dealt [64]slot
}

var orderedMemories = sync.Pool{New: func() any { return new(orderedMemory) }}

// AppendJSONOrdered is [Term.AppendJSONWithin] with the members of maps in an order. A
// nil order means that of the term. Ordered keys are binaries or atoms.
//
// A map with other kinds of keys keeps the order of the term, and so does a whole term
// with more than a million members to order. Ordering takes a second pass over the
// term, which does not allocate if an earlier term was as large.
func (t Term) AppendJSONOrdered(ctx context.Context, dst []byte, o *Order, max int) ([]byte, error) {
	return t.appendJSONOrdered(ctx, dst, o, max, nil)
}

func (t Term) appendJSONOrdered(ctx context.Context, dst []byte, o *Order, max int, encoded *unknownStructs) ([]byte, error) {
	if o == nil || uint64(len(t.Bytes)) > math.MaxUint32 {
		return t.appendJSON(ctx, dst, max, encoded)
	}
	memory := orderedMemories.Get().(*orderedMemory)
	e := orderedEncoder{newJSONEncoder(ctx, t, len(dst), max), memory}
	e.encoded = encoded
	out, ok := e.term(dst, o)
	memory.slots = memory.slots[:0]
	if cap(memory.slots) <= maxPooledSlots {
		orderedMemories.Put(memory)
	}
	if !ok {
		// Either no order is needed, or this finds the error.
		return t.appendJSON(ctx, dst, max, encoded)
	}
	return out, nil
}

// An orderedEncoder appends the JSON form of a term in two passes: the first finds the
// members of the ordered maps, the second prints them. It fails without a reason.
type orderedEncoder struct {
	jsonEncoder
	*orderedMemory
}

func (e *orderedEncoder) term(dst []byte, o *Order) ([]byte, bool) {
	if end, ok := e.find(0, o, 1); !ok || end < len(e.b) {
		return dst, false
	}
	dst, _, _, ok := e.print(dst, 0, 0, o, 1)
	return dst, ok && len(dst) <= e.max
}

// find makes the slots of a value. Like the other methods of the first pass it returns
// the offset after it.
func (e *orderedEncoder) find(off int, o *Order, depth int) (int, bool) {
	if off >= len(e.b) {
		return off, false
	}
	switch Tag(e.b[off]) {
	case TagMap:
		return e.findMembers(off, o, depth)
	case TagList:
		n, next, ok := e.header(off, 1)
		if !ok || n == 0 || depth > maxDepth {
			return off, false
		}
		off = next
		for range n {
			if off, ok = e.find(off, o, depth+1); !ok {
				return off, false
			}
		}
		return off + 1, off < len(e.b) && Tag(e.b[off]) == TagNil
	}
	return e.pass(off)
}

func (e *orderedEncoder) findMembers(off int, o *Order, depth int) (int, bool) {
	n, next, ok := e.header(off, 2)
	head := len(e.slots)
	if !ok || depth > maxDepth || n >= maxSlots-head {
		return off, false
	}
	off = next
	if o.types != nil {
		o = e.typed(o, off, n)
	}
	e.slots = slices.Grow(e.slots, n+1)[:head+n+1]
	// Maps of up to 32 members are sorted by key, so the next name is mostly the next
	// key.
	next, last, sorted := 0, uint32(0), true
	for i := range n {
		name, value, ok := e.name(off)
		if !ok || string(name) == fieldNames[fieldStruct] && Tag(e.b[off]) != TagBinary {
			return e.keepTermOrder(head, off, 2*(n-i))
		}
		s := slot{rank: uint32(len(o.fields) + i), off: uint32(off), next: uint32(len(e.slots))}
		var inner *Order
		found := next < len(o.sorted) && string(name) == o.sorted[next].name
		if !found {
			next, found = o.search(name)
		}
		if found {
			s.rank, s.off = o.sorted[next].rank, uint32(value)
			inner = o.fields[s.rank].order
			next++
		}
		if inner == nil {
			off, ok = e.pass(value)
		} else {
			off, ok = e.find(value, inner, depth+1)
		}
		if !ok {
			return off, false
		}
		sorted = sorted && last <= s.rank
		last = s.rank
		e.slots[head+1+i] = s
	}
	if !sorted {
		e.sort(e.slots[head+1 : head+1+n])
	}
	e.slots[head] = slot{rank: uint32(n), off: uint32(off), next: uint32(len(e.slots))}
	return off, true
}

// keepTermOrder marks the map of a head as printed in the term's order, with n terms
// of it left.
func (e *orderedEncoder) keepTermOrder(head, off, n int) (int, bool) {
	off = e.skip(off, n)
	e.slots = e.slots[:head+1]
	e.slots[head] = slot{rank: termOrder}
	return off, e.failure.fatal == nil
}

// typed returns the order for a map of n members that begin at an offset.
func (e *orderedEncoder) typed(o *Order, off, n int) *Order {
	for range n {
		name, value, ok := e.name(off)
		if !ok {
			break
		}
		if string(name) == o.typed {
			if kind, _, ok := e.name(value); ok && o.types[string(kind)] != nil {
				return o.types[string(kind)]
			}
			break
		}
		if value >= len(e.b) || Tag(e.b[value]) == TagList || Tag(e.b[value]) == TagMap {
			break
		}
		if off, ok = e.pass(value); !ok {
			break
		}
	}
	return o
}

// name returns the text of the binary or atom at an offset, valid until the next call,
// and the offset after it.
func (e *orderedEncoder) name(off int) (name []byte, end int, ok bool) {
	if off < len(e.b) && Tag(e.b[off]) == TagBinary {
		n, body, ok := e.header(off, 1)
		if !ok {
			return nil, off, false
		}
		return e.b[body : body+n], body + n, true
	}
	name, cached, size, ok := findAtom(e.b[min(off, len(e.b)):], e.atoms)
	if name == nil {
		e.atom = append(e.atom[:0], cached...)
		name = e.atom
	}
	return name, off + size, ok
}

// pass skips a term of any kind.
func (e *orderedEncoder) pass(off int) (int, bool) {
	if rest := e.b[min(off, len(e.b)):]; len(rest) >= 5 {
		switch Tag(rest[0]) {
		case TagBinary:
			end := uint64(off) + 5 + uint64(binary.BigEndian.Uint32(rest[1:]))
			return int(end), end <= uint64(len(e.b))
		case TagSmallInteger, TagAtomCacheRef:
			return off + 2, true
		case TagInteger:
			return off + 5, true
		case TagNil:
			return off + 1, true
		case TagSmallAtomUTF8:
			end := off + 2 + int(rest[1])
			return end, end <= len(e.b)
		}
	}
	d := e.decoder(off)
	err := d.Skip()
	return d.off, err == nil
}

// sort sorts the members of a map by rank. Few members in a small order, the usual
// case, take a bucket sort.
func (e *orderedEncoder) sort(members []slot) {
	var dealt uint64
	for _, s := range members {
		if s.rank >= uint32(len(e.dealt)) || dealt&(1<<s.rank) != 0 {
			slices.SortStableFunc(members, func(a, b slot) int { return cmp.Compare(a.rank, b.rank) })
			return
		}
		e.dealt[s.rank] = s
		dealt |= 1 << s.rank
	}
	for i := range members {
		members[i] = e.dealt[bits.TrailingZeros64(dealt)]
		dealt &= dealt - 1
	}
}

// print appends a value that has an order. next is the head of the first map in it. It
// returns the offset after the value, and the head after those in it.
func (e *orderedEncoder) print(dst []byte, off, next int, o *Order, depth int) ([]byte, int, int, bool) {
	ok := false
	switch Tag(e.b[off]) {
	case TagMap:
		return e.printMembers(dst, off, next, o, depth)
	case TagList:
		n, first, _ := e.header(off, 1)
		off = first
		for i := range n {
			if i == 0 {
				dst = append(dst, '[')
			} else {
				dst = append(dst, ',')
			}
			if dst, off, next, ok = e.print(dst, off, next, o, depth+1); !ok {
				return dst, off, next, false
			}
		}
		return append(dst, ']'), off + 1, next, true
	}
	dst, off, ok = e.value(dst, off, depth)
	return dst, off, next, ok
}

func (e *orderedEncoder) printMembers(dst []byte, off, next int, o *Order, depth int) ([]byte, int, int, bool) {
	head := e.slots[next]
	if head.rank == termOrder {
		dst, off, ok := e.value(dst, off, depth)
		return dst, off, next + 1, ok
	}
	if len(dst) > e.pause && !e.checkLimits(len(dst)) {
		return dst, off, next, false
	}
	n := int(head.rank)
	if o.types != nil {
		o = e.typed(o, off+5, n)
	}
	dst = append(dst, '{')
	for i, s := range e.slots[next+1 : next+1+n] {
		if i > 0 {
			dst = append(dst, ',')
		}
		var ok bool
		if s.rank >= uint32(len(o.fields)) {
			var value int
			if dst, value, ok = e.key(dst, int(s.off)); ok {
				dst, _, ok = e.value(append(dst, ':'), value, depth+1)
			}
		} else if f := &o.fields[s.rank]; len(f.text) <= e.max-len(dst) {
			if dst = append(dst, f.text...); f.order == nil {
				dst, _, ok = e.value(dst, int(s.off), depth+1)
			} else {
				dst, _, _, ok = e.print(dst, int(s.off), int(s.next), f.order, depth+1)
			}
		}
		if !ok {
			return dst, off, next, false
		}
	}
	return append(dst, '}'), int(head.off), int(head.next), true
}
