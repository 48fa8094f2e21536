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
	reason := tuple{encoded(etf.AppendRef(nil, ref)), atom(o.Class), encoded(o.Value)}
	if o.Class == Error {
		reason = append(reason, encoded(o.Stack))
	}
	return appendTerm(b, reason)
}

func returned(value any) Outcome {
	return Outcome{Class: Return, Value: appendTerm(nil, value)}
}

// raised returns the outcome of an error whose reason is an atom. Only f is on the
// stack: [{Module, Function, Arity, []}].
func raised(reason string, f mfa) Outcome {
	stack := list{tuple{atom(f.module), atom(f.function), f.arity, list{}}}
	return Outcome{Class: Error, Value: appendTerm(nil, atom(reason)), Stack: appendTerm(nil, stack)}
}
