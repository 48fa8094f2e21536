package schema

import "github.com/louche-graphql/louche/rpcclient/etf"

// An Operation is one operation of a [Document]. It does not change.
type Operation struct {
	Name     string // "" if anonymous
	Kind     Kind
	Measures Measures

	orders   []*etf.Order // by the values of the deciding variables; nil: not known
	deciding []string     // variables that the orders depend on
	defaults int          // the index into orders that the variables' defaults decide for
}

// Operation returns the operation that Absinthe would run, given the operation name
// of a request. An absent name and "" are the same: they select a document's only
// operation.
//
// If Absinthe would run none, because no operation or more than one has the name, the
// result stands for all of them: it has the name of the request, the largest measures,
// no order, and kind [Unknown]. Its kind is [Query] if the request names no operation
// and all are queries: Absinthe refuses the document, and could at worst run a query.
func (d *Document) Operation(name string) *Operation {
	var found *Operation
	for i := range d.operations {
		if o := &d.operations[i]; name == "" || o.Name == name {
			if found != nil {
				return d.anyOperation(name)
			}
			found = o
		}
	}
	if found == nil {
		return d.anyOperation(name)
	}
	return found
}

func (d *Document) anyOperation(name string) *Operation {
	all := &Operation{Name: name}
	if name == "" && len(d.operations) > 0 {
		all.Kind = Query
	}
	for _, o := range d.operations {
		all.Measures = all.Measures.largest(o.Measures)
		if o.Kind != Query {
			all.Kind = Unknown
		}
	}
	return all
}
