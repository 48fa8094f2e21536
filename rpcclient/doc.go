// Package rpcclient calls functions on a group of BEAM nodes, as :erpc.call does: a client
// for Go programs beside an Erlang or Elixir application. The nodes need no library.
//
// [Start] starts a hidden Erlang node in this process. A [Pool] keeps connections to the
// nodes that [Pool.Update] sets, mostly those that package discovery finds. [Pool.Call]
// chooses a node, within the deadline of its context, bounded queues and a circuit breaker
// for each node. [Absinthe] runs GraphQL documents on a pool.
//
// It must never discover nodes (package discovery does), know HTTP, or parse a GraphQL
// document. Package erldist is one connection to one node, package etf its terms.
package rpcclient
