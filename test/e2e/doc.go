// Package e2e has the end-to-end tests and the benchmarks of the gateway: real BEAM nodes,
// real sockets, HTTP requests.
package e2e
