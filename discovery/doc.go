// Package discovery answers one question: which BEAM nodes are there, and where
// do they listen? It asks DNS for addresses and the EPMD at each address for
// names (or takes a fixed list), once by [Discovery.Poll] or again and again by
// [Discovery.Watch], which delivers a whole [Report] of each poll.
//
// It must never connect to a node's distribution port, and never knows a cookie:
// that a name is listed says that the node was there a moment ago, not that it
// can be called. Nor does it decide what to do with connections to a node that is
// no longer listed: it says which addresses are still there. Both belong to the
// pool of nodes.
//
// What a poll could not learn is kept apart from what it learnt: a DNS server or
// an EPMD that does not answer says nothing about the nodes, so the nodes it
// named before stay for Config.Keep, each source counted for itself. Every such
// source is a [Problem] of the [Report].
package discovery
