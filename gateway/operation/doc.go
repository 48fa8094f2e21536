// Package operation has what passes between a transport and the engine: a request to run
// one operation, its results and its errors. It must never know HTTP or a node.
package operation
