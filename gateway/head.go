package gateway

import (
	"errors"
	"sync"

	"github.com/louche-graphql/louche/internal/memory"
)

// freeHead is how many bytes of a head a connection may have read without an account:
// what net/http has room for anyway.
const freeHead = 4 << 10

// A head is what a connection has read of the head of its next request: net/http keeps
// it until it is whole, which is up to the client.
type head struct {
	mu      sync.Mutex
	size    int
	account *memory.Account // nil up to freeHead
	busy    bool            // a request has come, so what is read is its body
	http2   bool            // many requests come at once, and heads are not told from bodies
}

var errNoHeadMemory = errors.New("no memory is left for the head of the request")

// Read reads from the client. What it reads of a head is memory of the budget, which
// may be given to others while the client is awaited.
func (c *clientConn) Read(b []byte) (int, error) {
	account := c.head.awaited()
	if account != nil {
		account.BeginWait(func() { c.Conn.Close() })
	}
	n, err := c.Conn.Read(b)
	if account != nil {
		account.AddProgress(n)
		account.EndWait()
	}
	if !c.head.read(n, c.listener) {
		c.Conn.Close()
		return 0, errNoHeadMemory
	}
	return n, err
}

// awaited is the account of a head that is not whole, nil if it has none.
func (h *head) awaited() *memory.Account {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.account
}

// read says that n bytes have come, and reports whether there was memory for them.
func (h *head) read(n int, l *limitedListener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy || h.http2 || h.size > l.head+freeHead {
		return true // net/http does not take a longer one
	}
	if h.size += n; h.size <= freeHead {
		return true
	}
	if h.account == nil {
		h.account = l.memory.Open()
		n = h.size
	}
	return h.account.Reserve(n)
}

// taken says that the head is whole, and its request has come.
func (h *head) taken(http2 bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy, h.http2 = true, http2
	h.reset()
}

// next says that the next head may come.
func (h *head) next() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = false
}

// end says that nothing will come any more.
func (h *head) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = true
	h.reset()
}

func (h *head) reset() {
	h.size = 0
	if h.account != nil {
		h.account.Close()
		h.account = nil
	}
}
