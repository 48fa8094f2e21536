// Package erldist is one connection from Go to one Erlang node: the handshake, frames,
// control messages, ticks, calls that wait for an answer, and mailboxes for messages.
//
// It must never dial, resolve names, choose nodes, retry or interpret a call: the
// owner of the connection does. It never turns bytes of an argument into atoms; the
// atoms it sends are its own, and the names of nodes, modules and functions that it is
// given.
//
// It speaks version 6 of the distribution protocol (OTP 23 and later) over any
// [net.Conn], plain or TLS, as initiator and as acceptor. It imports the standard
// library and package etf alone.
//
// Sources: "Distribution Protocol" and "External Term Format" in the ERTS User's
// Guide, https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html
package erldist
