package gateway

import (
	"net/http"
	"sync"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
	"github.com/louche-graphql/louche/ratelimit"
)

// keep bounds each of the buffers that are kept for later requests, in bytes.
const keep = 64 << 10

// exchange holds the memory of one request, or of one operation of a batch.
type exchange struct {
	account *memory.Account // of the request
	began   time.Time
	body    []byte
	context []byte
	answer  []byte
	packed  []byte            // the answer, compressed
	code    string            // of the answer: answered, or that of its error
	outcome outcome           // of an operation that the application answered
	hasData bool              // whether the answer has a member "data"
	caching string            // of the answer to a GET: Cache-Control
	media   *mediaType        // of the answer
	quotas  []ratelimit.Quota // that the caller has, as far as rate limits were asked
	node    string            // that answered
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

// newExchange returns an exchange whose buffers are empty.
func newExchange(account *memory.Account) (*exchange, error) {
	x := exchanges.Get().(*exchange)
	if !account.Reserve(x.kept()) {
		return nil, overloaded
	}
	x.account = account
	return x, nil
}

func (x *exchange) kept() int { return cap(x.body) + cap(x.answer) + cap(x.packed) }

// release allows the buffers to be used again. The account has to be closed or to go
// on without them.
func (x *exchange) release() {
	for _, b := range []*[]byte{&x.body, &x.answer, &x.packed} {
		if cap(*b) > keep {
			x.drop(b)
		}
	}
	x.account.Release(x.kept())
	*x = exchange{body: x.body[:0], context: x.context[:0], answer: x.answer[:0], packed: x.packed[:0], quotas: x.quotas[:0]}
	exchanges.Put(x)
}

// enlarge gives a buffer of the exchange room for n bytes, with what it holds. It
// reports whether there was memory for it.
func (x *exchange) enlarge(b *[]byte, n int) bool {
	if n <= cap(*b) {
		return true
	}
	if !x.account.Reserve(n) {
		return false
	}
	larger := append(make([]byte, 0, n), *b...)
	x.account.Release(cap(*b))
	*b = larger
	return true
}

// shrink gives back what a buffer does not use, where there is memory to copy it.
func (x *exchange) shrink(b *[]byte) {
	if x.account.Reserve(len(*b)) {
		smaller := append(make([]byte, 0, len(*b)), *b...)
		x.account.Release(cap(*b))
		*b = smaller
	}
}

// drop lets a buffer go.
func (x *exchange) drop(b *[]byte) {
	x.account.Release(cap(*b))
	*b = nil
}

// accountOf is the account of the request that is answered.
func accountOf(w http.ResponseWriter) *memory.Account { return w.(*pacedWriter).account }
