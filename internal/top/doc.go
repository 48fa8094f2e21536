// Package top shows the nodes and operations of a running gateway in a terminal, from the
// stream of the operators' listener. It must never contact a node, or import the gateway: it
// knows what the listener sends.
package top
