package gateway

import "github.com/louche-graphql/louche/rpcclient/etf"

// An outcome is what errors an answer of Absinthe has.
type outcome string

const (
	// fine: there are no errors.
	fine outcome = ""
	// unexecuted: nothing was run. The document, the variables or the operation's
	// name were refused.
	unexecuted outcome = "unexecuted"
	// failed: data is null.
	failed outcome = "failed"
	// partial: there is data beside the errors.
	partial outcome = "partial"
)

// outcomes are those with errors.
var outcomes = []outcome{unexecuted, failed, partial}

// outcomeOf reads the result map of Absinthe.
func outcomeOf(result etf.Term) outcome {
	if !hasMember(result, "errors") {
		return fine
	}
	members, ok := pairs(etf.NewDecoder(result))
	data := find(members, "data")
	if !ok || data < 0 {
		return unexecuted
	}
	d := etf.NewDecoder(members[data].value)
	if text, err := d.Atom(); err == nil && text == "nil" {
		return failed
	}
	return partial
}
