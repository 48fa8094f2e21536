// Package etf reads and writes the Erlang external term format: the bytes in
// which a BEAM node hands a term to another.
//
// It appends terms to a byte slice (the Append functions), walks received ones
// without copying them ([Decoder]), and turns terms into JSON and JSON into
// terms ([Term.AppendJSON], [AppendJSONTerm]) without building Go values in
// between. An [Order] gives the members of objects an order, which maps have not. It knows nothing of connections; it depends on the standard library
// alone.
//
// Received bytes are taken to be hostile: every length is checked before it is
// used, nesting is bounded, nothing panics, and an error says where and why.
// No byte of a JSON text ever becomes an atom, because atoms are never freed
// on the BEAM.
//
// The format is specified in the ERTS User's Guide, "External Term Format":
// https://www.erlang.org/doc/apps/erts/erl_ext_dist.html
package etf
