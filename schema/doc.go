// Package schema knows what documents and schemas say.
//
// Which kind of operation would Absinthe run ([Document.Kind])? A query may be sent
// to a second node when the connection to the first was lost; anything else may
// not, since the first node may have run it. It must never call something a query
// that Absinthe would run as a mutation: what is in doubt is [Unknown]. A document
// is in doubt when it does not parse, when it could be read in another way by
// Absinthe's lexer, or when it exceeds a limit of this package. That a query has no
// effect worth mentioning is the promise of the application that declares it.
//
// In which order are the fields of the answer ([Document.Order])? And how large is
// the operation ([Document.Measures])? Neither needs to know types.
//
// A [Schema] is the contract of an application. Documents are held against it
// ([Schema.Validate], which must never refuse what Absinthe would run), other schemas
// ([Diff]) and the sources of clients ([Schema.Check]), and it says what an operation
// uses ([Schema.Uses]).
//
// It knows no network.
package schema
