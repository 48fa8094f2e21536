// Package ratelimit limits the operations of each client.
//
// A rule allows a number of operations in a time window, for each address, identity or
// value of a claim. Counters are in a [Store]: in Redis if it is configured, shared by all
// gateways, and in memory otherwise. The package must never know HTTP or GraphQL.
package ratelimit
