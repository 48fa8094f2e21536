package rpcclient

import (
	"math/bits"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A setup is a set of functions that the process of a call applies before the operation.
// erpc has no option for them. lists:zipwith3 applies them in order without code on the
// node:
//
//	lists:zipwith3(fun erlang:apply/3,
//		[erlang, logger, Module],
//		[process_flag, set_process_metadata, Function],
//		[[trap_exit, true], [#{request_id => RequestID}], Args])
//
// It returns [false, ok, Value]. See docs/decisions/0002-erpc.md and 0025-into-the-application.md.
type setup uint8

const (
	// trapExits: Absinthe runs in a process that traps exits, as under Bandit, Phoenix's web
	// server: when a process that is linked to a resolver ends, the resolver goes on.
	trapExits setup = 1 << iota
	// setLogMetadata: the lines of resolvers have the ids of request and trace.
	setLogMetadata
	// extractTrace: the spans of resolvers are below that of the call.
	extractTrace
)

// setupFunctions are the functions of a setup, in order.
var setupFunctions = [...]struct {
	setup            setup
	module, function string
	appendArgs       func([]byte, *Operation) []byte // a list
}{
	{trapExits, "erlang", "process_flag", appendTrapExits},
	{setLogMetadata, "logger", "set_process_metadata", appendLogMetadata},
	{extractTrace, traceExtractor, "extract", appendCarrier},
}

// setupOf returns the setup for an operation over a connection. Nil: over any.
func (a *Absinthe) setupOf(op *Operation, conn *liveConn) setup {
	s := trapExits
	if a.Config.LogMetadata == on && op.RequestID != "" {
		s |= setLogMetadata
	}
	if a.Config.PropagatesTraces() && op.Trace.exists() && conn.extractsTraces.Load() {
		s |= extractTrace
	}
	return s
}

// beginCall is [beginCall] for a process with this setup. The caller appends Args and calls
// endCall.
func (s setup) beginCall(b []byte, op *Operation, module, function string) []byte {
	n := bits.OnesCount8(uint8(s)) + 1
	b = etf.AppendList(beginCall(b, "lists", "zipwith3"), 4)
	b = etf.AppendInt(etf.AppendAtom(etf.AppendAtom(append(b, byte(etf.TagExport)), "erlang"), "apply"), 3)
	b = etf.AppendList(b, n)
	for _, f := range setupFunctions {
		if s&f.setup != 0 {
			b = etf.AppendAtom(b, f.module)
		}
	}
	b = etf.AppendList(etf.AppendNil(etf.AppendAtom(b, module)), n)
	for _, f := range setupFunctions {
		if s&f.setup != 0 {
			b = etf.AppendAtom(b, f.function)
		}
	}
	b = etf.AppendList(etf.AppendNil(etf.AppendAtom(b, function)), n)
	for _, f := range setupFunctions {
		if s&f.setup != 0 {
			b = f.appendArgs(b, op)
		}
	}
	return b
}

// appendFunctions appends a list of {Module, Function, Args}, for the agent.
func (s setup) appendFunctions(b []byte, op *Operation) []byte {
	b = etf.AppendList(b, bits.OnesCount8(uint8(s)))
	for _, f := range setupFunctions {
		if s&f.setup != 0 {
			b = etf.AppendAtom(etf.AppendAtom(etf.AppendTuple(b, 3), f.module), f.function)
			b = f.appendArgs(b, op)
		}
	}
	return etf.AppendNil(b)
}

func (s setup) endCall(b []byte) []byte {
	return endCall(etf.AppendNil(etf.AppendNil(b)))
}

// value returns the function's own value. It is between the other elements and the tail of
// the list, so a large value is not walked.
func (s setup) value(returned etf.Term) etf.Term {
	d := etf.NewDecoder(returned)
	before := bits.OnesCount8(uint8(s))
	if n, err := d.List(); err != nil || n != before+1 {
		return returned // not a value of zipwith3
	}
	for range before {
		if d.Skip() != nil {
			return returned
		}
	}
	value := d.Rest()
	if last := len(value.Bytes) - 1; last >= 0 {
		value.Bytes = value.Bytes[:last]
	}
	return value
}

func appendTrapExits(b []byte, _ *Operation) []byte {
	return etf.AppendNil(etf.AppendBool(etf.AppendAtom(etf.AppendList(b, 2), "trap_exit"), true))
}
