// Package auth authenticates requests and authorizes operations. It builds the context map
// of Absinthe's resolvers, an Erlang map, from the configuration, the request and the
// claims of the identity.
//
// No byte of a request may become an atom: the only atoms are those of the configuration,
// its keys and its closed lists. All other values are binaries, numbers, booleans,
// decimals, and lists and maps of those. The package returns errors, not HTTP statuses.
package auth
