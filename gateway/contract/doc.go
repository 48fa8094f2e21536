// Package contract compares operations with the schemas of an application's nodes, and
// counts what clients use of them. It must never know HTTP or run an operation.
package contract
