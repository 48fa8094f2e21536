package rpcclient

import (
	"errors"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

func TestUnwrapOK(t *testing.T) {
	tuple := func(tag, value string) []byte {
		return etf.AppendBinary(etf.AppendAtom(etf.AppendTuple(nil, 2), tag), value)
	}
	result := &Result{Value: etf.Term{Bytes: tuple("ok", "result")}, Node: "app@host"}
	if err := result.unwrapOK(); err != nil || result.Value.String() != `"result"` {
		t.Errorf("{:ok, result} gave %v, %v", result, err)
	}
	for want, term := range map[string][]byte{
		`{:error, "no pipeline"}`: tuple("error", "no pipeline"),
		`{:ok}`:                   etf.AppendAtom(etf.AppendTuple(nil, 1), "ok"),
		`"result"`:                etf.AppendBinary(nil, "result"),
	} {
		err := (&Result{Value: etf.Term{Bytes: term}, Node: "app@host"}).unwrapOK()
		var failure *CallError
		if !errors.As(err, &failure) || failure.Node != "app@host" || failure.Class != "error" || !strings.Contains(failure.Reason, want) {
			t.Errorf("%s gave %v, want an error that says so", want, err)
		}
	}
}
