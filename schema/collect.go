package schema

import (
	"cmp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// collected is the result of CollectFields.
type collected struct {
	fields      []field
	index       map[string]int // of fields, by response key
	types       []string       // type conditions of fragments
	typenameKey string         // response key of __typename; empty: not selected
	pending     variableSet    // may omit __typename
}

// field is a member of an object: its response key and its merged selection sets.
type field struct {
	key     string
	sets    []ast.SelectionSet
	pending variableSet // may omit one of its selections that precedes another
}

func sameField(a, b field) bool {
	return a.key == b.key && slices.EqualFunc(a.sets, b.sets, sameSet)
}

// sameSet reports whether two non-empty selection sets are identical.
func sameSet(a, b ast.SelectionSet) bool { return &a[0] == &b[0] }

// collect collects fields. For a given type, fields in fragments on this type have their
// order. Fields in fragments on other types, which may be its interfaces and unions, are
// added unless the type's own fragments have them.
func (b *orderBuilder) collect(sets []ast.SelectionSet, typeName string) collected {
	own := make(map[string]bool)
	if typeName != "" {
		b.walk(sets, typeName, func(f *ast.Field, applies bool, _ variableSet) {
			if applies {
				own[f.Alias] = true
			}
		}, func(string) {})
	}
	c := collected{index: make(map[string]int)}
	b.walk(sets, typeName, func(f *ast.Field, applies bool, pending variableSet) {
		if applies || !own[f.Alias] {
			b.add(&c, f, pending)
		}
	}, func(typeName string) {
		b.steps -= len(c.types) / 16
		if !slices.Contains(c.types, typeName) {
			c.types = append(c.types, typeName)
		}
	})
	return c
}

// add adds a selected field, which pending may omit.
func (b *orderBuilder) add(c *collected, f *ast.Field, pending variableSet) {
	i, found := c.index[f.Alias]
	if !found {
		i = len(c.fields)
		c.index[f.Alias] = i
		c.fields = append(c.fields, field{key: f.Alias})
	}
	member := &c.fields[i]
	b.deciding |= member.pending
	if !found || member.pending != 0 || len(f.SelectionSet) > 0 {
		member.pending |= pending
	}
	if internalName(f.Name) == "__typename" && (c.typenameKey == "" || c.pending != 0) {
		c.typenameKey = cmp.Or(c.typenameKey, f.Alias)
		b.deciding |= c.pending
		c.pending |= pending
	}
	b.steps -= len(member.sets) / 16
	if len(f.SelectionSet) > 0 && !slices.ContainsFunc(member.sets, func(s ast.SelectionSet) bool { return sameSet(s, f.SelectionSet) }) {
		member.sets = append(member.sets, f.SelectionSet)
	}
}
