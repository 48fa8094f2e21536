package demo

import "github.com/louche-graphql/louche/rpcclient/etf"

// Class is the kind of an outcome. Its value is the atom that erpc reports.
type Class string

// The classes of the demo, whose functions neither exit nor throw.
const (
	Return Class = "return"
	Error  Class = "error"
)

// An Outcome is the outcome of a function call, as erpc:execute_call/4 reports it.
type Outcome struct {
	Class Class
	Value []byte // one encoded term: the return value, or the reason of the error
	Stack []byte // one encoded term: the stack trace of an error; nil: the function returned
}

// AppendReason appends the exit reason of the process of erpc:execute_call/4:
// {Ref, return, Value} or {Ref, error, Reason, Stack}.
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

// raised returns the outcome of an error whose reason is an atom. Only f is on the
// stack: [{Module, Function, Arity, []}].
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
