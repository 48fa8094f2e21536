// Package discovery finds the BEAM nodes of an application and where they listen. It asks
// DNS for addresses and the EPMD at each address for names, or takes a static list:
// once by [Discovery.Poll], or repeatedly by [Discovery.Watch], which delivers a complete
// [Report] of each poll.
//
// It must never connect to a node's distribution port and never know a cookie: a listed
// name says that the node was there a moment ago, not that it accepts calls. It must never
// decide about connections either; it reports which addresses still exist, and the pool of
// nodes decides.
//
// A DNS server or an EPMD that does not answer says nothing about the nodes. The nodes that
// it named last stay for Config.Keep, counted for each source. Every silent source is a
// [Problem] of the [Report].
package discovery
