package schema

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/louche-graphql/louche/internal/strictjson"
)

// maxDeciding bounds the variables that an order may depend on. There is one order for
// each combination of their values.
const maxDeciding = 6

// variableSet is a set of variables: bit n is the variable with number n.
type variableSet uint64

// conditions evaluates @skip and @include.
//
// Omitting a selection usually moves nothing else. But if the same response key or
// fragment occurs again later, omitting the first occurrence moves it there: the
// variables of that condition decide about the order.
type conditions struct {
	numbers  map[string]int  // of all variables in conditions
	values   map[string]bool // of the deciding variables
	deciding variableSet
}

// evaluate reports whether directives omit their selection, and returns the variables
// without a value that may omit it.
func (b *orderBuilder) evaluate(directives ast.DirectiveList) (pending variableSet, omitted bool) {
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
			if value, known = b.values[v.Raw]; !known {
				pending |= b.variable(v.Raw)
				continue
			}
		default: // Absinthe refuses other values
			continue
		}
		omitted = omitted || value == (name == "skip")
	}
	return pending, omitted
}

// condition returns the argument "if". Absinthe accepts it in two spellings at once; the
// last one counts.
func condition(args ast.ArgumentList) *ast.Argument {
	for _, arg := range slices.Backward(args) {
		if internalName(arg.Name) == "if" {
			return arg
		}
	}
	return nil
}

// variable returns the set of one variable. If there are too many variables, it is the set
// of all.
func (c *conditions) variable(name string) variableSet {
	number, found := c.numbers[name]
	if !found {
		if number = len(c.numbers); number == 64 {
			return ^variableSet(0)
		}
		if c.numbers == nil {
			c.numbers = make(map[string]int)
		}
		c.numbers[name] = number
	}
	return 1 << number
}

func (c *conditions) names() []string {
	var names []string
	for name, number := range c.numbers {
		if c.deciding&(1<<number) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// setValues sets variables to the bits of index.
func (c *conditions) setValues(names []string, index int) {
	c.values = make(map[string]bool, len(names))
	for i, name := range names {
		c.values[name] = index&(1<<i) != 0
	}
}

// defaults returns the index of the deciding variables' default values.
func defaults(o *ast.OperationDefinition, deciding []string) (index int) {
	for i, name := range deciding {
		if v := o.VariableDefinitions.ForName(name); v != nil && v.DefaultValue != nil && v.DefaultValue.Raw == "true" {
			index |= 1 << i
		}
	}
	return index
}

// decide returns the index of the deciding variables' values in a request. Absinthe
// refuses values that are not boolean; here they count as false.
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
