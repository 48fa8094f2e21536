package absinthe

import (
	"context"
	"errors"
	"testing"

	"github.com/louche-graphql/louche/gateway/engine"
	"github.com/louche-graphql/louche/rpcclient"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

func TestHasData(t *testing.T) {
	for name, test := range map[string]struct {
		result etf.Term
		want   bool
	}{
		"data":                  {resultMap("map", false), true},
		"null":                  {resultMap("nil", false), true},
		"errors":                {resultMap("", true), false},
		"both":                  {resultMap("map", true), true},
		"behind another":        {etf.Term{Bytes: etf.AppendMap(etf.AppendAtom(etf.AppendNil(etf.AppendAtom(etf.AppendMap(nil, 2), "errors")), "data"), 0)}, true},
		"an empty map":          {resultMap("", false), false},
		"no term":               {etf.Term{}, false},
		"a term that is no map": {etf.Term{Bytes: etf.AppendNil(nil)}, false},
	} {
		if got := contentsOf(test.result).data; got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// resultOfTerm returns the result of an application that has no JSON codec.
func resultOfTerm(term etf.Term) *result {
	return &result{Result: &rpcclient.Result{Value: term}, absinthe: new(rpcclient.Absinthe)}
}

// Printing stops when its context ends, with the cause of the context.
func TestPrintingEndsWithItsContext(t *testing.T) {
	const n = 1 << 20
	b := etf.AppendList(nil, n)
	for range n {
		b = etf.AppendInt(b, 1000)
	}
	r, op := resultOfTerm(etf.Term{Bytes: etf.AppendNil(b)}), new(schema.Operation)
	ctx, cancel := context.WithCancelCause(t.Context())
	if got, err := r.AppendJSON(ctx, nil, op.Order(nil), 1<<30); err != nil || len(got) != len("[]")+n*len("1000,")-1 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	left := errors.New("the client left")
	cancel(left)
	if _, err := r.AppendJSON(ctx, nil, op.Order(nil), 1<<30); !errors.Is(err, left) {
		t.Errorf("%v, want %v", err, left)
	}
}

func TestResultPastItsLimit(t *testing.T) {
	r := resultOfTerm(etf.Term{Bytes: etf.AppendBinary(nil, "a text")})
	if _, err := r.AppendJSON(t.Context(), nil, new(schema.Operation).Order(nil), 3); !errors.Is(err, engine.ErrTooLong) {
		t.Errorf("%v, want %v", err, engine.ErrTooLong)
	}
}

// The cause of the application's own timeout ends the call as a deadline, and counts against
// the node.
func TestTimeoutCause(t *testing.T) {
	cause := NewUpstream(new(rpcclient.Absinthe), false).TimeoutCause()
	if !errors.Is(cause, rpcclient.ErrAppTimeout) || !errors.Is(cause, context.DeadlineExceeded) {
		t.Errorf("%v", cause)
	}
}
