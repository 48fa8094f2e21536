package schema

import "cmp"

// Kind is the kind of an operation: its keyword in GraphQL.
type Kind string

// Kinds of operations. Unknown is the zero value: the operation may be of any kind.
const (
	Unknown      Kind = ""
	Query        Kind = "query"
	Mutation     Kind = "mutation"
	Subscription Kind = "subscription"
)

// String returns the keyword, or "unknown".
func (k Kind) String() string { return cmp.Or(string(k), "unknown") }
