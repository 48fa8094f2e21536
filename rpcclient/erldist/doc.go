// Package erldist is one connection to one Erlang node: the handshake, frames,
// control messages, ticks and the calls that wait for an answer.
//
// It speaks version 6 of the distribution protocol (OTP 23 and later) over any
// [net.Conn], plain or TLS, as initiator and as acceptor. It imports the
// standard library and package etf alone.
//
// It must never dial, resolve a name, choose a node, retry or know what a call
// means: that is for whoever owns the connection. It never turns bytes of an
// argument into atoms; the atoms it sends are those of its own code, and the
// node names, modules and functions it is given.
//
// Sources: "Distribution Protocol" and "External Term Format" of the Erlang
// Run-Time System documentation.
package erldist
