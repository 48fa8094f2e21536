package absinthe

import (
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// outcomeOf reads the result map of Absinthe.
func outcomeOf(result etf.Term) operation.Outcome {
	if !hasMember(result, "errors") {
		return operation.Succeeded
	}
	members, ok := membersOf(result)
	data := find(members, "data")
	if !ok || data < 0 {
		return operation.NotExecuted
	}
	d := etf.NewDecoder(members[data].value)
	if text, err := d.Atom(); err == nil && text == "nil" {
		return operation.Failed
	}
	return operation.Partial
}
