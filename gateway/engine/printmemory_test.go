package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient/etf"
	"github.com/louche-graphql/louche/schema"
)

// printedTerm is a result that is printed as those of Absinthe are.
type printedTerm struct {
	Result
	term etf.Term
}

func (p printedTerm) Size() int { return len(p.term.Bytes) }

func (p printedTerm) AppendJSON(ctx context.Context, b []byte, order *schema.Order, limit int) ([]byte, error) {
	b, err := p.term.AppendJSONOrdered(ctx, b, order, limit)
	var tooLong *etf.JSONSizeError
	if errors.As(err, &tooLong) {
		err = fmt.Errorf("%w: %w", ErrTooLong, err)
	}
	return b, err
}

// A result is printed within the memory that is reserved for it, or not at all.
func TestPrintWithinMemory(t *testing.T) {
	plain := etf.Term{Bytes: etf.AppendBinary(nil, strings.Repeat("x", 1<<20))}
	atoms := etf.AppendList(nil, 10_000)
	for range 10_000 {
		atoms = append(atoms, byte(etf.TagAtomCacheRef), 0)
	}
	long := etf.Term{Bytes: etf.AppendNil(atoms), Atoms: []string{strings.Repeat("a", 200)}}
	const noMemory, tooLarge = "OVERLOADED", "ANSWER_TOO_LARGE"
	for name, tt := range map[string]struct {
		term   etf.Term
		budget int64
		limit  int
		code   string // of the error; "": it is printed
	}{
		"enough":                    {plain, 12 << 20, 4 << 20, ""},
		"too little":                {plain, 4 << 20, 4 << 20, noMemory},
		"longer than its term":      {long, 8 << 20, 4 << 20, ""},
		"longer, and too little":    {long, 1 << 20, 4 << 20, noMemory},
		"longer than the limit":     {long, 8 << 20, 1 << 20, tooLarge},
		"as long as the limit":      {long, 8 << 20, 2_030_001, ""},
		"one byte longer than that": {long, 8 << 20, 2_030_000, tooLarge},
	} {
		budget := memory.NewBudget(tt.budget)
		results, account := ResultMemory{budget}, budget.Open()
		var out operation.Result
		out.JSON.Open(account)
		code := noMemory
		if results.Reserve(len(tt.term.Bytes)) {
			r := &run{Engine: New(App{}, nil, Limits{Answer: tt.limit}), Request: new(operation.Request), result: &out, operation: new(schema.Operation)}
			var e *operation.Error
			err := r.print(t.Context(), printedTerm{term: tt.term})
			results.Release(len(tt.term.Bytes))
			switch {
			case errors.As(err, &e):
				code = e.Code
			case err != nil:
				t.Errorf("%s: %v", name, err)
			default:
				code = ""
			}
		}
		if code != tt.code {
			t.Errorf("%s: %q, want %q", name, code, tt.code)
		}
		if held := budget.Used(); int64(cap(out.JSON.Bytes)) > held {
			t.Errorf("%s: the buffer has %d bytes, of which %d are reserved", name, cap(out.JSON.Bytes), held)
		}
		account.Close()
		if budget.Used() != 0 {
			t.Errorf("%s: %d bytes are left over", name, budget.Used())
		}
	}
}
