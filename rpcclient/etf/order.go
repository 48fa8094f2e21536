package etf

import (
	"cmp"
	"slices"
	"strings"
)

// An Order is the order in which the members of an object are printed, and those of
// the objects in it. Orders may be shared, and may occur in other orders and in
// themselves.
type Order struct {
	fields []orderField
	sorted []orderName // of fields
	types  map[string]*Order
	typed  string // the member that names a type, if there are types
}

type orderField struct {
	text  string // the name as it is printed: quoted, with a colon
	order *Order // of the value
}

type orderName struct {
	name string // shares the field's text
	rank uint32 // of the field
}

// A Member is a member of an object in an [Order].
type Member struct {
	// Name must not contain characters that JSON escapes.
	Name string
	// Order is the order of the objects in the value. Nil: the order of the term.
	Order *Order
}

// Set sets the order to members, whose names are distinct. Other members come last, in
// the order of the term.
func (o *Order) Set(members []Member) {
	var texts strings.Builder
	for _, m := range members {
		texts.WriteByte('"')
		texts.WriteString(m.Name)
		texts.WriteString(`":`)
	}
	o.fields = make([]orderField, len(members))
	o.sorted = make([]orderName, len(members))
	rest := texts.String()
	for i, m := range members {
		size := len(m.Name) + len(`"":`)
		o.fields[i] = orderField{rest[:size], m.Order}
		o.sorted[i] = orderName{rest[1 : size-2], uint32(i)}
		rest = rest[size:]
	}
	slices.SortFunc(o.sorted, func(a, b orderName) int { return cmp.Compare(a.name, b.name) })
}

// SetTypes sets a separate order for each type of object. The type is the string of
// the member called name. That member must precede any list and map in the term. A node
// sorts up to 32 keys, so a name that begins with an underscore precedes those that
// begin with a lower-case letter.
func (o *Order) SetTypes(name string, types map[string]*Order) {
	o.typed, o.types = name, types
}

// search returns the index of a name in sorted, or the index for its insertion.
func (o *Order) search(name []byte) (at int, found bool) {
	low, high := 0, len(o.sorted)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch other := o.sorted[middle].name; {
		case string(name) == other:
			return middle, true
		case string(name) < other:
			high = middle
		default:
			low = middle + 1
		}
	}
	return low, false
}
