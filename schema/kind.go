package schema

import "github.com/vektah/gqlparser/v2/ast"

// Kind is the kind of an operation.
type Kind uint8

// Kinds of operations. Unknown is the zero value: the operation may be of any kind.
const (
	Unknown Kind = iota
	Query
	Mutation
	Subscription
)

// String returns the kind's keyword in GraphQL, or "unknown".
func (k Kind) String() string {
	switch k {
	case Query:
		return string(ast.Query)
	case Mutation:
		return string(ast.Mutation)
	case Subscription:
		return string(ast.Subscription)
	}
	return "unknown"
}

func kindOf(o ast.Operation) Kind {
	switch o {
	case ast.Query:
		return Query
	case ast.Mutation:
		return Mutation
	case ast.Subscription:
		return Subscription
	}
	return Unknown
}
