package etf

import (
	"cmp"
	"slices"
	"strings"
)

// An Order is the order in which the members of an object are printed, and those
// of the objects in it. Once it is made it may be shared, and may occur in other
// orders, and in itself, as often as wanted.
type Order struct {
	fields []orderField
	sorted []orderName // of fields
	types  map[string]*Order
	typed  string // the member that names a type, where there are types
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
	// Name is a GraphQL name, or else nothing that JSON would escape.
	Name string
	// Order is that of the objects which the value is, or is a list of. Where it
	// is nil, they keep the order of the term.
	Order *Order
}

// Set makes o the order of members, whose names are distinct. What is not among
// them comes last, in the order of the term.
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

// SetTypes gives objects an order of their own by what the string is that their
// member called name has. It counts where that comes before any list and map in
// the term, as __typename does among up to 32 members whose names do not begin
// with a capital.
func (o *Order) SetTypes(name string, types map[string]*Order) {
	o.typed, o.types = name, types
}

// search returns where a name is in sorted, or would be.
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
