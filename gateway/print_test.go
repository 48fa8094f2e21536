package gateway

import (
	"context"
	"errors"
	"testing"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A call whose deadline has passed, or whose client has left, costs no more printing.
func TestPrintingEndsWithItsCall(t *testing.T) {
	const n = 1 << 20
	b := etf.AppendList(nil, n)
	for range n {
		b = etf.AppendInt(b, 1000)
	}
	term := etf.Term{Bytes: etf.AppendNil(b)}
	ctx, cancel := context.WithCancelCause(t.Context())
	x := funded(1 << 30)
	if err := x.print(ctx, term, nil, nil, 1<<30); err != nil || len(x.answer) != len("[]")+n*len("1000,")-1 {
		t.Fatalf("%d bytes, %v", len(x.answer), err)
	}
	left := errors.New("the client left")
	cancel(left)
	if err := x.print(ctx, term, nil, nil, 1<<30); !errors.Is(err, left) {
		t.Errorf("%v, want %v", err, left)
	}
}
