// Package ratelimit counts what callers ask for, and says who has asked for too
// much.
//
// A rule allows so many operations in so much time, for each address, identity or
// value of a claim. What was counted is in a [Store], in memory, and where one is
// configured in a Redis that gateways share. The package knows neither HTTP nor
// GraphQL.
package ratelimit
