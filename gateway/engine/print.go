package engine

import (
	"context"
	"errors"

	"github.com/louche-graphql/louche/internal/memory"
)

// prepaid is the memory that a result reserves for printing, in bytes for each of its own,
// when it begins to come: enough for most results. So an operation whose result is accepted
// has not run in vain.
const prepaid = 1.5

// ResultMemory is a budget for results as they come from nodes.
type ResultMemory struct{ *memory.Budget }

func withPrinting(n int) int { return n + int(prepaid*float64(n)) }

// Reserve takes memory for n bytes of a result and for printing them.
func (m ResultMemory) Reserve(n int) bool { return m.Budget.Reserve(withPrinting(n)) }

// Release gives back what Reserve took for n bytes.
func (m ResultMemory) Release(n int) { m.Budget.Release(withPrinting(n)) }

// Ordering the members takes at most orderMemory bytes for each byte of a result, and
// maxOrderMemory bytes together.
const (
	orderMemory    = 3
	maxOrderMemory = 24 << 20
)

// overshoot is how far a text may exceed its limit before printing stops, in bytes.
const overshoot = 256 << 10

// largeText is the size from which overshoot matters, in bytes.
const largeText = 64 << 10

// errNoMemory says that a result was dropped which could have been printed.
var errNoMemory = errors.New("no memory is left to print the answer")

// print leaves the JSON of a result in the run's result. It reserves the memory before it
// prints: first for a text about as long as the result, as most are, then for longer ones.
func (r *run) print(ctx context.Context, result Result) error {
	out, idempotent := &r.result.JSON, r.call.Idempotent
	order := r.operation.Order(r.call.Variables)
	ordering := min(orderMemory*result.Size(), maxOrderMemory)
	paid := int(prepaid * float64(result.Size()))
	if !out.ReservePaid(ordering, paid) {
		return NoMemory(errNoMemory, idempotent)
	}
	defer out.Release(ordering)
	limit := r.limits.Answer
	for most := max(cap(out.Bytes), result.Size()+result.Size()/8+1024); ; most *= 4 {
		most = min(most, limit)
		size := most
		if most > largeText {
			size += overshoot
		}
		if !out.Renew(size, paid-ordering) {
			return NoMemory(errNoMemory, idempotent)
		}
		var err error
		out.Bytes, err = result.AppendJSON(ctx, out.Bytes, order, most)
		switch {
		case !errors.Is(err, ErrTooLong):
			return err
		case most == limit:
			return ResultTooLarge(err)
		}
	}
}

// RequestSize is what one result of limits.answer, with its JSON, takes of limits.memory.
func RequestSize(answer int) int64 { return int64(withPrinting(answer)) + 2*overshoot }

// MaxResultsOfNode is how many bytes of results may come from one node at once: with their
// printing half of the memory, so that one node never takes all of it.
func MaxResultsOfNode(answer int, memory int64) int {
	return max(answer, int(memory/2/int64(withPrinting(2))*2))
}
