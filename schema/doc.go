// Package schema answers one question about a request: which kind of operation
// would Absinthe run? A query may be sent to a second node when the connection to
// the first was lost; anything else may not, since the first node may have run it.
//
// It must never call something a query that Absinthe would run as a mutation: what
// is in doubt is [Unknown]. A document is in doubt when it does not parse, when it
// could be read in another way by Absinthe's lexer, or when it exceeds a limit of
// this package. Nor does it validate: that is the nodes' work, and what it cannot
// classify is sent to one all the same.
//
// It knows no types and no network. That a query has no effect worth mentioning is
// the promise of the application that declares it.
package schema
