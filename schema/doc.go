// Package schema answers questions about a request's document, before a node is
// asked and after it has answered.
//
// Which kind of operation would Absinthe run ([Document.Kind])? A query may be sent
// to a second node when the connection to the first was lost; anything else may
// not, since the first node may have run it. It must never call something a query
// that Absinthe would run as a mutation: what is in doubt is [Unknown]. A document
// is in doubt when it does not parse, when it could be read in another way by
// Absinthe's lexer, or when it exceeds a limit of this package.
//
// In which order are the fields of the answer ([Document.Order])? And how large is
// the operation ([Document.Measures])?
//
// It does not validate: that is the nodes' work, and what it cannot read is sent to
// one all the same. It knows no types and no network. That a query has no effect
// worth mentioning is the promise of the application that declares it.
package schema
