package schema

import (
	"encoding/binary"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxSteps bounds the work that a document's orders take, and with it their size:
// fragments that spread each other may stand for a selection that grows
// exponentially. A selection costs a step, and one more for each 16 bytes of a
// name and each 16 things that it is compared with.
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

// errorsFirst is the order of an answer whose data has none.
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

// orders makes the orders of a document's selections.
type orders struct {
	fragments map[string]*ast.FragmentDefinition
	sets      map[*ast.Selection]uint32 // numbers of selection sets, by their first selection
	made      map[string]*etf.Order     // by the numbers of the sets that are merged
	conditions
	steps int
	size  int // of what was made, in bytes
}

func newOrders(document *ast.QueryDocument) *orders {
	return &orders{
		fragments: fragmentsOf(document),
		sets:      make(map[*ast.Selection]uint32),
		made:      make(map[string]*etf.Order),
		steps:     maxSteps,
	}
}

// fragmentsOf returns a document's fragments by name. Of two with the same name
// Absinthe spreads the last one.
func fragmentsOf(document *ast.QueryDocument) map[string]*ast.FragmentDefinition {
	fragments := make(map[string]*ast.FragmentDefinition, len(document.Fragments))
	for _, f := range document.Fragments {
		fragments[f.Name] = f
	}
	return fragments
}

// ofAnswers are the orders of answers to each operation: one, or as many as there
// are values of the variables that decide, whose names are returned.
func (b *orders) ofAnswers(operations ast.OperationList) (answers [][]*etf.Order, deciding []string) {
	answers = make([][]*etf.Order, len(operations))
	for i, o := range operations {
		answers[i] = []*etf.Order{b.ofAnswer(o.SelectionSet)}
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
		b.choose(deciding, index)
		clear(b.made)
		for i, o := range operations {
			order := b.ofAnswer(o.SelectionSet)
			if order == nil {
				b.size = size
				return answers, nil
			}
			decided[i] = append(decided[i], order)
		}
	}
	return decided, deciding
}

// ofAnswer is the order of an answer to an operation, nil if that takes too much.
func (b *orders) ofAnswer(set ast.SelectionSet) *etf.Order {
	before := b.size
	data := b.of([]ast.SelectionSet{set})
	if b.steps < 0 {
		b.size = before
		return nil
	}
	b.size += 256
	return answerOrder(data)
}

// of is the order of objects with these selections, merged. One that is asked for
// while it is made, because a fragment spreads itself, comes to contain itself;
// Absinthe refuses such a document.
func (b *orders) of(sets []ast.SelectionSet) *etf.Order {
	var key []byte
	for _, set := range sets {
		number, found := b.sets[&set[0]]
		if !found {
			number = uint32(len(b.sets))
			b.sets[&set[0]] = number
		}
		key = binary.NativeEndian.AppendUint32(key, number)
	}
	if made, found := b.made[string(key)]; found {
		return made
	}
	o := new(etf.Order)
	b.made[string(key)] = o
	all := b.collect(sets, "")
	b.set(o, all.fields)
	if all.typename == "" {
		return o
	}
	types := make(map[string]*etf.Order)
	for _, kind := range all.types {
		if b.steps < 0 {
			break
		}
		if own := b.collect(sets, kind); !slices.EqualFunc(own.fields, all.fields, sameField) {
			typed := new(etf.Order)
			b.set(typed, own.fields)
			types[kind] = typed
			b.size += 64 + len(kind)
		}
	}
	if len(types) > 0 {
		o.SetTypes(all.typename, types)
	}
	return o
}

// set sets the members of an order.
func (b *orders) set(o *etf.Order, fields []field) {
	if b.steps < 0 {
		return
	}
	members := make([]etf.Member, len(fields))
	b.size += 128
	for i, f := range fields {
		members[i].Name = f.key
		if len(f.sets) > 0 {
			members[i].Order = b.of(f.sets)
		}
		b.size += 64 + len(f.key)
	}
	o.Set(members)
}

// field is a member of an object: its response key, and the selections that are
// merged to be its own.
type field struct {
	key   string
	sets  []ast.SelectionSet
	under variables // that a place of it, or a part, may be left out by before another
}

func sameField(a, b field) bool {
	return a.key == b.key && slices.EqualFunc(a.sets, b.sets, sameSet)
}

// sameSet says whether two selection sets, which are not empty, are one.
func sameSet(a, b ast.SelectionSet) bool { return &a[0] == &b[0] }

// collected is what CollectFields comes to.
type collected struct {
	fields   []field
	types    []string  // that fragments are on
	typename string    // the response key of __typename, if it is selected
	under    variables // that the typename may be left out by
}

// collect collects fields. If a type is given, what is selected for it alone comes
// as it is there, and what is selected for others is added where it stands and adds
// nothing to the former: those may be interfaces and unions of it.
func (b *orders) collect(sets []ast.SelectionSet, kind string) collected {
	var own map[string]bool
	if kind != "" {
		own = make(map[string]bool)
		b.walk(sets, kind, func(f *ast.Field, applies bool, _ variables) {
			if applies {
				own[f.Alias] = true
			}
		}, nil)
	}
	var c collected
	at := make(map[string]int)
	b.walk(sets, kind, func(f *ast.Field, applies bool, under variables) {
		if !applies && own[f.Alias] {
			return
		}
		i, found := at[f.Alias]
		if !found {
			i = len(c.fields)
			at[f.Alias] = i
			c.fields = append(c.fields, field{key: f.Alias})
		}
		b.deciding |= c.fields[i].under
		if !found || c.fields[i].under != 0 || len(f.SelectionSet) > 0 {
			c.fields[i].under |= under
		}
		if internalName(f.Name) == "__typename" && (c.typename == "" || c.under != 0) {
			if c.typename == "" {
				c.typename = f.Alias
			}
			b.deciding |= c.under
			c.under |= under
		}
		b.steps -= len(c.fields[i].sets) / 16
		if len(f.SelectionSet) > 0 && !slices.ContainsFunc(c.fields[i].sets, func(s ast.SelectionSet) bool { return sameSet(s, f.SelectionSet) }) {
			c.fields[i].sets = append(c.fields[i].sets, f.SelectionSet)
		}
	}, func(kind string) {
		b.steps -= len(c.types) / 16
		if !slices.Contains(c.types, kind) {
			c.types = append(c.types, kind)
		}
	})
	return c
}

// walk calls visit for the fields of selections in the order of the document, with
// those of fragments where they are spread. A fragment applies to a type if it is
// on that type, or has no condition of its own and is in one that applies; if no
// type is given, all apply. condition is called for the types that fragments are on.
// What directives leave out is not visited; under are variables that may yet.
func (b *orders) walk(sets []ast.SelectionSet, kind string, visit func(f *ast.Field, applies bool, under variables), condition func(kind string)) {
	type spread struct {
		name    string
		applies bool
	}
	spreads := make(map[spread]variables)
	var selections func(set ast.SelectionSet, applies bool, under variables)
	within := func(set ast.SelectionSet, on string, applies bool, under variables) {
		if on != "" {
			applies = kind == "" || on == kind
			if condition != nil {
				condition(on)
			}
		}
		selections(set, applies, under)
	}
	selections = func(set ast.SelectionSet, applies bool, under variables) {
		for _, s := range set {
			if b.steps--; b.steps < 0 {
				return
			}
			switch s := s.(type) {
			case *ast.Field:
				b.steps -= len(s.Alias) / 16
				if own, out := b.look(s.Directives); !out {
					visit(s, applies, under|own)
				}
			case *ast.InlineFragment:
				if own, out := b.look(s.Directives); !out {
					within(s.SelectionSet, s.TypeCondition, applies, under|own)
				}
			case *ast.FragmentSpread:
				own, out := b.look(s.Directives)
				f := b.fragments[s.Name]
				if out || f == nil {
					continue
				}
				before, again := spreads[spread{s.Name, applies}]
				switch {
				case !again:
					spreads[spread{s.Name, applies}] = under | own
					within(f.SelectionSet, f.TypeCondition, applies, under|own)
				case before != 0: // without the former it would be here
					b.deciding |= before | under | own
				}
			}
		}
	}
	for _, set := range sets {
		selections(set, true, 0)
	}
}
