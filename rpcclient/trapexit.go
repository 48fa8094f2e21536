package rpcclient

import "github.com/louche-graphql/louche/rpcclient/etf"

// Absinthe runs in a process that traps exits, as under Bandit, Phoenix's web server:
// when a process that is linked to a resolver ends, the resolver goes on. erpc has no
// such option, so the process sets the flag itself. This applies two functions in
// order without code on the node:
//
//	lists:zipwith3(fun erlang:apply/3,
//		[erlang, Module], [process_flag, Function], [[trap_exit, true], Args])
//
// It returns [false, Value]. See docs/decisions/0002-erpc.md.

// beginTrappingCall is [beginCall] for a process that traps exits. The caller appends
// Args and calls endTrappingCall.
func beginTrappingCall(b []byte, module, function string) []byte {
	b = beginCall(b, "lists", "zipwith3")
	b = etf.AppendList(b, 4)
	b = etf.AppendInt(etf.AppendAtom(etf.AppendAtom(append(b, byte(etf.TagExport)), "erlang"), "apply"), 3)
	b = etf.AppendNil(etf.AppendAtom(etf.AppendAtom(etf.AppendList(b, 2), "erlang"), module))
	b = etf.AppendNil(etf.AppendAtom(etf.AppendAtom(etf.AppendList(b, 2), "process_flag"), function))
	b = etf.AppendList(b, 2)
	return etf.AppendNil(etf.AppendBool(etf.AppendAtom(etf.AppendList(b, 2), "trap_exit"), true))
}

func endTrappingCall(b []byte) []byte {
	return endCall(etf.AppendNil(etf.AppendNil(b)))
}

// unwrapTrapping reduces the value of such a call to the function's own. That is
// between the first element and the tail of the list, so a large value is not walked.
func unwrapTrapping(result *Result) {
	d := etf.NewDecoder(result.Value)
	if n, err := d.List(); err != nil || n != 2 || d.Skip() != nil {
		return // not a value of zipwith3
	}
	result.Value = d.Rest()
	if last := len(result.Value.Bytes) - 1; last >= 0 {
		result.Value.Bytes = result.Value.Bytes[:last]
	}
}
