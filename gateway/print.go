package gateway

import (
	"context"
	"errors"
	"net/http"

	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/rpcclient/erldist"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// An answer reserves so many bytes more for each of its own when it begins to come: most
// are printed within that. So an operation whose answer is taken is not run in vain.
const prepaid = 1.5

// AnswerMemory is a budget for the answers of nodes, as they come.
type AnswerMemory struct{ *memory.Budget }

func withPrinting(n int) int { return n + int(prepaid*float64(n)) }

// Reserve takes memory for n bytes of an answer and for printing them.
func (m AnswerMemory) Reserve(n int) bool { return m.Budget.Reserve(withPrinting(n)) }

// Release gives back what Reserve took for n bytes.
func (m AnswerMemory) Release(n int) { m.Budget.Release(withPrinting(n)) }

// Memory for printing besides the text: at most so many bytes for each byte of a term,
// and for all of it, for the order of its members.
const (
	orderMemory    = 3
	maxOrderMemory = 24 << 20
)

// overshoot is how much longer than its limit a text may get before printing stops, in
// bytes.
const overshoot = 256 << 10

// print leaves the JSON of a term, of at most limit bytes, in x.answer. The memory for
// it is there before it is printed: first for a text about as long as the term, as most
// are, and then for longer ones. encode may be nil.
func (x *exchange) print(ctx context.Context, term etf.Term, order *etf.Order, encode etf.StructEncoder, limit int) error {
	ordering := min(orderMemory*len(term.Bytes), maxOrderMemory)
	if order == nil {
		ordering = 0
	}
	paid := int(prepaid * float64(len(term.Bytes)))
	if !x.reservePaid(ordering, paid) {
		return errNoMemory
	}
	defer x.account.Release(ordering)
	for most := max(cap(x.answer), len(term.Bytes)+len(term.Bytes)/8+1024); ; most *= 4 {
		most = min(most, limit)
		size := most
		if most > keep {
			size += overshoot
		}
		if x.answer = x.answer[:0]; size > cap(x.answer) {
			x.drop(&x.answer)
			if !x.reservePaid(size, paid-ordering) {
				return errNoMemory
			}
			x.answer = make([]byte, 0, size)
		}
		var err error
		var tooLong *etf.JSONSizeError
		if x.answer, err = term.AppendJSONEncoded(ctx, x.answer, order, most, encode); !errors.As(err, &tooLong) || most == limit {
			return err
		}
	}
}

// reservePaid reserves n bytes of which some have been reserved with the answer.
func (x *exchange) reservePaid(n, paid int) bool {
	paid = max(0, min(n, paid))
	if !x.account.Reserve(n - paid) {
		return false
	}
	x.account.Transfer(paid)
	return true
}

// errNoMemory is why an answer was dropped that could have been printed.
var errNoMemory = errors.New("no memory is left to print the answer")

// dropped is the failure of an operation that has run, and for whose answer there was
// no memory; it is err for other errors. A client may send a query again.
func dropped(err error, isQuery bool) error {
	var noMemory *erldist.NoMemoryError
	var tooLarge *erldist.TooLargeError
	if !errors.Is(err, errNoMemory) && !errors.As(err, &noMemory) && !(errors.As(err, &tooLarge) && tooLarge.Total) {
		return err
	}
	f := &failure{status: http.StatusServiceUnavailable, code: overloaded.code, cause: err,
		message: "The operation was run, and there is no memory now for its answer."}
	if isQuery {
		f.retryAfter = overloaded.retryAfter
	}
	return f
}

// leastMemory is what one request of the greatest size, and an answer of the greatest
// size to it, need.
func (l *Limits) leastMemory() int64 {
	request := requestMemory + int64(l.Header)
	most := request + max((1+parsing)*l.Body, (1+parsed)*l.Body+int64(withPrinting(l.Answer))+2*overshoot)
	return most + most/3 + 1 // large reservations leave a quarter
}

// AnswersOfANode is how many bytes of answers may come from one node at once: together
// with their printing half of the memory, so that no node takes that of all.
func (l *Limits) AnswersOfANode() int {
	return max(l.Answer, int(l.Memory/2/int64(withPrinting(2))*2))
}
