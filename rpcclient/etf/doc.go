// Package etf reads and writes the Erlang external term format, in which BEAM nodes
// exchange terms, and converts between terms and JSON.
//
// It must never turn a byte of a JSON text into an atom (a BEAM node never frees
// atoms), panic on received bytes, or know connections. It imports the standard
// library alone.
//
// The Append functions append terms to a byte slice. [Decoder] walks received terms
// without copying them. [Term.AppendJSON] and [AppendJSONTerm] convert without Go
// values in between. An [Order] gives the members of objects an order, which maps
// lack.
//
// Received bytes are treated as hostile: every length is checked before its use,
// nesting is bounded, and an error says where and why.
//
// The format is specified in the ERTS User's Guide, "External Term Format":
// https://www.erlang.org/doc/apps/erts/erl_ext_dist.html
package etf
