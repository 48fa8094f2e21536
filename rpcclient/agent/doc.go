// Package agent has the Erlang code that the gateway brings to nodes. It has no connection
// and no state.
package agent
