package schema

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// What a document may have and still be classified. Tokens bound the time that
// parsing takes and the memory it needs meanwhile; operations and the sum of their
// names' bytes bound what is kept.
const (
	maxTokens     = 16384
	maxOperations = 32
	maxNames      = 1024
)

// operations are those of one document, in its order. A document that is in doubt
// has none.
type operations []operation

type operation struct {
	name string // "" when anonymous
	kind Kind
}

// parse reads a document's operations. The result does not refer to the document.
func parse(document string) operations {
	if ambiguous(document) {
		return nil
	}
	parsed, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, maxTokens)
	if err != nil || len(parsed.Operations) > maxOperations {
		return nil
	}
	ops := make(operations, 0, len(parsed.Operations))
	names := 0
	for _, o := range parsed.Operations {
		if names += len(o.Name); names > maxNames {
			return nil
		}
		ops = append(ops, operation{strings.Clone(o.Name), kindOf(o.Operation)})
	}
	return ops
}

// ambiguous reports whether the parser and Absinthe may see different tokens.
//
// They agree on what separates tokens, and where a comment and a string end. Where
// Absinthe takes more than the parser, the parser's error is reason enough for
// doubt. But three quotes end a block string in Absinthe wherever they stand; the
// parser, of a longer run, takes the last three. What follows such a run is code to
// the one and a string to the other.
func ambiguous(document string) bool {
	return strings.Contains(document, `""""`)
}

// kind is that of the operation which Absinthe would run, given the name.
func (ops operations) kind(name string) Kind {
	if name == "" {
		return ops.only()
	}
	kind, found := Unknown, false
	for _, o := range ops {
		if o.name != name {
			continue
		}
		if found {
			return Unknown
		}
		kind, found = o.kind, true
	}
	return kind
}

// only is the kind of a document's one operation. Without a name Absinthe refuses
// several; when all are queries, it could at worst run a query.
func (ops operations) only() Kind {
	kind := Unknown
	for i, o := range ops {
		if i > 0 && (o.kind != Query || kind != Query) {
			return Unknown
		}
		kind = o.kind
	}
	return kind
}
