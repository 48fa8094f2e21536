package absinthe

import (
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// resultMap returns the result map of Absinthe. data is "map", "nil", or "" for a result
// without data.
func resultMap(data string, errors bool) etf.Term {
	var members []byte
	n := 0
	switch data {
	case "map":
		members, n = etf.AppendMap(etf.AppendAtom(members, "data"), 0), n+1
	case "nil":
		members, n = etf.AppendAtom(etf.AppendAtom(members, "data"), "nil"), n+1
	}
	if errors {
		members, n = etf.AppendNil(etf.AppendAtom(members, "errors")), n+1
	}
	return etf.Term{Bytes: append(etf.AppendMap(nil, n), members...)}
}

func TestOutcome(t *testing.T) {
	for name, test := range map[string]struct {
		result etf.Term
		want   operation.Outcome
	}{
		"data":                  {resultMap("map", false), operation.Succeeded},
		"null":                  {resultMap("nil", false), operation.Succeeded},
		"data with errors":      {resultMap("map", true), operation.Partial},
		"null with errors":      {resultMap("nil", true), operation.NullData},
		"errors alone":          {resultMap("", true), operation.NotExecuted},
		"neither":               {resultMap("", false), operation.Succeeded},
		"a result without term": {etf.Term{}, operation.Succeeded},
	} {
		if got := contentsOf(test.result).outcome(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
