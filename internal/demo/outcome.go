package demo

import "github.com/louche-graphql/louche/rpcclient/etf"

// Class says how the application of a function ended. Its value is the atom
// that stands for it in what erpc reports.
type Class string

// The ends that a call of the demo can have. Nothing in it exits or throws.
const (
	Return Class = "return"
	Error  Class = "error"
)

// An Outcome is how the application of a function ended, in what
// erpc:execute_call/4 has to tell of it.
type Outcome struct {
	Class Class
	Value []byte // one encoded term: what the function returned, or the reason of the error
	Stack []byte // one encoded term: the stack trace of an error; nil for a return
}

// AppendReason appends the reason with which the process of
// erpc:execute_call/4 exits: {Ref, return, Value} or {Ref, error, Reason, Stack}.
func (o Outcome) AppendReason(b []byte, ref etf.Ref) []byte {
	arity := 3
	if o.Class == Error {
		arity = 4
	}
	b = etf.AppendTuple(b, arity)
	b = etf.AppendRef(b, ref)
	b = etf.AppendAtom(b, string(o.Class))
	b = append(b, o.Value...)
	return append(b, o.Stack...)
}

func returned(value []byte) Outcome {
	return Outcome{Class: Return, Value: value}
}

// raised is the outcome of an error whose reason is an atom, with f alone on
// the stack: [{Module, Function, Arity, []}].
func raised(reason string, f mfa) Outcome {
	stack := etf.AppendList(nil, 1)
	stack = etf.AppendTuple(stack, 4)
	stack = etf.AppendAtom(stack, f.module)
	stack = etf.AppendAtom(stack, f.function)
	stack = etf.AppendInt(stack, int64(f.arity))
	stack = etf.AppendNil(stack)
	stack = etf.AppendNil(stack)
	return Outcome{Class: Error, Value: etf.AppendAtom(nil, reason), Stack: stack}
}
