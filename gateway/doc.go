// Package gateway puts GraphQL over HTTP in front of Absinthe: it reads requests,
// within their limits, asks packages auth and rpcclient, and writes answers and
// errors. It is the only package that knows HTTP status codes.
//
// It must never talk to a node itself, decide who is asking, or let the cause of
// an internal error out: that goes to the log, with the request's id.
package gateway
