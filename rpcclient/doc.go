// Package rpcclient calls functions on Erlang nodes: it holds this gateway's own
// hidden node, keeps connections to the nodes it is told of, picks one for each
// call, and runs Absinthe there.
//
// It must never look for nodes (package discovery does), know HTTP, or look into
// a document. Below it, package dist is one connection and package etf the terms.
package rpcclient
