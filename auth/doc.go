// Package auth says who is asking: it builds the context that Absinthe's
// resolvers get, an Erlang map, from the configuration and the request.
//
// It must never make an atom of anything that a request carries: keys are atoms
// of the configuration, values from a request are binaries, numbers, booleans and
// lists of those. It answers with errors, not with HTTP statuses.
package auth
