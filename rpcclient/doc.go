// Package rpcclient is a client for a group of BEAM nodes. It runs the gateway's own
// hidden node, keeps connections to the nodes it is given, chooses a node for each
// call, retries and queues calls, and runs Absinthe on the nodes.
//
// It must never discover nodes (package discovery does), know HTTP, or parse a GraphQL
// document. Package erldist is one connection to one node, package etf its terms.
package rpcclient
