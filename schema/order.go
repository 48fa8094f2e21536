package schema

import (
	"encoding/binary"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// An Order is the order of the members of an answer: that in which the operation selects them.
type Order = etf.Order

// maxSteps bounds the time and memory of a document's orders: fragments that spread each
// other may unfold exponentially. A selection costs one step, and one more for every 16
// bytes of a name and every 16 comparisons.
const maxSteps = 2 * MaxTokens

// Order is the order of the operation's answer: errors before data, and the fields of
// data as the operation selects them. variables are those of the request: a JSON object
// or empty.
//
// The order is that of CollectFields of the GraphQL specification (section 6.3.2): a
// field stands where its response key first occurs, fragments where they are spread, and
// selections with equal keys are merged. Whether a fragment applies to an object is
// decided by its type condition alone. If fragments on different types list the same
// keys in different orders, the object's __typename decides if it is selected, and the
// first in the document otherwise. Selections that @skip and @include leave out have no
// place; if more than six variables decide about places, or to follow them takes too
// many steps, the order is as if nothing that depends on variables were left out.
//
// The order of data is unknown if the document is unreadable, or its fragments take too
// many steps to follow.
func (o *Operation) Order(variables []byte) *etf.Order {
	if len(o.orders) > 0 {
		if order := o.orders[o.decide(variables)]; order != nil {
			return order
		}
	}
	return errorsFirst
}

// errorsFirst is the order of an answer if the order of data is unknown.
var errorsFirst = answerOrder(nil)

var errorOrder = func() *etf.Order {
	location, e := new(etf.Order), new(etf.Order)
	location.Set([]etf.Member{{Name: "line"}, {Name: "column"}})
	e.Set([]etf.Member{{Name: "message"}, {Name: "locations", Order: location}, {Name: "path"}, {Name: "extensions"}})
	return e
}()

func answerOrder(data *etf.Order) *etf.Order {
	o := new(etf.Order)
	o.Set([]etf.Member{{Name: "errors", Order: errorOrder}, {Name: "data", Order: data}, {Name: "extensions"}})
	return o
}

// orderBuilder builds the orders of a document's selections.
type orderBuilder struct {
	fragments map[string]*ast.FragmentDefinition
	sets      map[*ast.Selection]uint32 // number of each selection set, by its first selection
	bySets    map[string]*etf.Order     // by the numbers of the merged sets
	conditions
	steps int
	size  int // of the orders, in bytes
}

func newOrderBuilder(document *ast.QueryDocument) *orderBuilder {
	return &orderBuilder{
		fragments: fragmentsOf(document),
		sets:      make(map[*ast.Selection]uint32),
		bySets:    make(map[string]*etf.Order),
		steps:     maxSteps,
	}
}

// fragmentsOf returns a document's fragments by name. If two have the same name,
// Absinthe spreads the last one.
func fragmentsOf(document *ast.QueryDocument) map[string]*ast.FragmentDefinition {
	return byName(document.Fragments, func(f *ast.FragmentDefinition) string { return f.Name })
}

// answers returns the orders of each operation's answer: one for each combination of the
// deciding variables' values. It also returns the names of these variables.
func (b *orderBuilder) answers(operations ast.OperationList) (answers [][]*etf.Order, deciding []string) {
	answers = make([][]*etf.Order, len(operations))
	for i, o := range operations {
		answers[i] = []*etf.Order{b.answer(o.SelectionSet)}
	}
	deciding = b.names()
	if len(deciding) == 0 || len(deciding) > maxDeciding {
		return answers, nil
	}
	size := b.size
	b.size = 0
	for _, name := range deciding {
		b.steps -= len(name) / 16
		b.size += 64 + len(name)
	}
	decided := make([][]*etf.Order, len(operations))
	for index := range 1 << len(deciding) {
		b.setValues(deciding, index)
		clear(b.bySets)
		for i, o := range operations {
			order := b.answer(o.SelectionSet)
			if order == nil {
				b.size = size
				return answers, nil
			}
			decided[i] = append(decided[i], order)
		}
	}
	return decided, deciding
}

// answer returns the order of an operation's answer; nil if it takes too many steps.
func (b *orderBuilder) answer(set ast.SelectionSet) *etf.Order {
	before := b.size
	data := b.merge([]ast.SelectionSet{set})
	if b.steps < 0 {
		b.size = before
		return nil
	}
	b.size += 256
	return answerOrder(data)
}

// merge returns the order of objects with merged selection sets. If a fragment spreads
// itself, the order contains itself; Absinthe refuses such a document.
func (b *orderBuilder) merge(sets []ast.SelectionSet) *etf.Order {
	var key []byte
	for _, set := range sets {
		number, found := b.sets[&set[0]]
		if !found {
			number = uint32(len(b.sets))
			b.sets[&set[0]] = number
		}
		key = binary.NativeEndian.AppendUint32(key, number)
	}
	if made, found := b.bySets[string(key)]; found {
		return made
	}
	o := new(etf.Order)
	b.bySets[string(key)] = o
	all := b.collect(sets, "")
	b.set(o, all.fields)
	if all.typenameKey == "" {
		return o
	}
	types := make(map[string]*etf.Order)
	for _, typeName := range all.types {
		if b.steps < 0 {
			break
		}
		if own := b.collect(sets, typeName); !slices.EqualFunc(own.fields, all.fields, sameField) {
			typed := new(etf.Order)
			b.set(typed, own.fields)
			types[typeName] = typed
			b.size += 64 + len(typeName)
		}
	}
	if len(types) > 0 {
		o.SetTypes(all.typenameKey, types)
	}
	return o
}

func (b *orderBuilder) set(o *etf.Order, fields []field) {
	if b.steps < 0 {
		return
	}
	members := make([]etf.Member, len(fields))
	b.size += 128
	for i, f := range fields {
		members[i].Name = f.key
		if len(f.sets) > 0 {
			members[i].Order = b.merge(f.sets)
		}
		b.size += 64 + len(f.key)
	}
	o.Set(members)
}
