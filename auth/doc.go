// Package auth says who is asking, and whether they may: it builds the context that
// Absinthe's resolvers get, an Erlang map, from the configuration, the request and
// the claims of who sent it.
//
// It must never make an atom of anything that a request carries: atoms are those of
// the configuration, its keys and closed lists. All else becomes binaries, numbers,
// booleans, decimals, and lists and maps of those. It answers with errors, not with
// HTTP statuses.
package auth
