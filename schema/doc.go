// Package schema reads GraphQL documents and schemas, and compares them.
//
// A [Document] holds everything that depends on its text alone: the hash, and for each
// [Operation] its kind, measures and the order of its answer. The kind decides about
// retries: a query may be sent to a second node after the connection to the first was
// lost. Other operations may not, because the first node may have run them. So the
// package must never call an operation a query that Absinthe would run as a mutation.
// An unreadable or ambiguous document, or one that exceeds a limit of this package, has
// operations of kind [Unknown].
//
// A [Schema] is the contract of an application. [Schema.Validate] checks documents
// against it, and must never refuse what Absinthe would run. [Schema.Check] checks the
// sources of a client, [Diff] compares two schemas, and [Schema.UsedPaths] lists what an
// operation uses.
//
// The package must never use the network.
package schema
