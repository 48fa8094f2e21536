package schema

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/louche-graphql/louche/internal/strictjson"
)

// maxDeciding is the most variables that an order may depend on: it is made for all
// of their values.
const maxDeciding = 6

// variables is a set of variables, by their numbers.
type variables uint64

// conditions are what @skip and @include make of a document.
//
// That a selection is left out changes the place of nothing else, as a rule. It
// does where a response key, or a fragment, has another place after it: then the
// variables that it may be left out by decide on the order.
type conditions struct {
	numbers  map[string]int  // of the variables that were met
	chosen   map[string]bool // values of variables
	deciding variables
}

// look says whether directives leave out what they stand at, and which variables
// may do so that have no value.
func (b *orders) look(directives ast.DirectiveList) (under variables, out bool) {
	b.steps -= len(directives) / 16
	for _, d := range directives {
		name := internalName(d.Name)
		if name != "skip" && name != "include" {
			continue
		}
		b.steps -= len(d.Arguments) / 16
		argument := condition(d.Arguments)
		if argument == nil {
			continue
		}
		var value bool
		switch v := argument.Value; v.Kind {
		case ast.BooleanValue:
			value = v.Raw == "true"
		case ast.Variable:
			b.steps -= len(v.Raw) / 16
			var known bool
			if value, known = b.chosen[v.Raw]; !known {
				under |= b.variable(v.Raw)
				continue
			}
		default: // Absinthe refuses it
			continue
		}
		out = out || value == (name == "skip")
	}
	return under, out
}

// condition is the argument "if". Absinthe takes it twice if it is written in two
// forms, and then the last one counts.
func condition(args ast.ArgumentList) *ast.Argument {
	for _, arg := range slices.Backward(args) {
		if internalName(arg.Name) == "if" {
			return arg
		}
	}
	return nil
}

// variable is the set of one variable, or of all if there are too many.
func (c *conditions) variable(name string) variables {
	number, found := c.numbers[name]
	if !found {
		if number = len(c.numbers); number == 64 {
			return ^variables(0)
		}
		if c.numbers == nil {
			c.numbers = make(map[string]int)
		}
		c.numbers[name] = number
	}
	return 1 << number
}

// names are those of the variables that decide.
func (c *conditions) names() []string {
	var names []string
	for name, number := range c.numbers {
		if c.deciding&(1<<number) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// choose gives variables their values: true where the index has the bit.
func (c *conditions) choose(names []string, index int) {
	c.chosen = make(map[string]bool, len(names))
	for i, name := range names {
		c.chosen[name] = index&(1<<i) != 0
	}
}

// defaults is the index of the variables' values where a request has none.
func defaults(o *ast.OperationDefinition, deciding []string) (index int) {
	for i, name := range deciding {
		if v := o.VariableDefinitions.ForName(name); v != nil && v.DefaultValue != nil && v.DefaultValue.Raw == "true" {
			index |= 1 << i
		}
	}
	return index
}

// decide is the index of the values that the deciding variables have in a request.
// One that has no boolean, which Absinthe refuses, counts as false.
func (o *Operation) decide(given []byte) int {
	index := o.defaults
	if len(o.deciding) == 0 || len(given) == 0 {
		return index
	}
	if strictjson.Check(given) != nil {
		return index
	}
	values := strictjson.Object(given)
	for i, name := range o.deciding {
		if value, found := values[name]; found {
			index &^= 1 << i
			if string(value) == "true" {
				index |= 1 << i
			}
		}
	}
	return index
}
