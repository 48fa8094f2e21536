package server

import (
	"errors"
	"sync"

	"github.com/louche-graphql/louche/internal/memory"
)

// freeHead is how much of a request's header a connection holds without an account, in bytes:
// the size of net/http's own buffer.
const freeHead = 4 << 10

// A head is the part of the next request's header that a connection has read. net/http keeps it
// until the client has sent the rest.
type head struct {
	mu      sync.Mutex
	size    int
	account *memory.Account // nil up to freeHead
	busy    bool            // a request is under way: the connection reads its body
	http2   bool            // headers and bodies of many requests come interleaved
}

var errNoHeadMemory = errors.New("no memory is left for the head of the request")

// Read reads from the client. A header takes memory of the budget, which others may take while
// the connection waits for the client.
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

// awaited returns the account of an incomplete header; nil: it has none.
func (h *head) awaited() *memory.Account {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.account
}

// read adds n bytes that have come. It reports whether there was memory for them.
func (h *head) read(n int, l *limitedListener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy || h.http2 || h.size > l.head+freeHead {
		return true // net/http refuses a longer one
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

// taken marks the header as complete: its request begins.
func (h *head) taken(http2 bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy, h.http2 = true, http2
	h.reset()
}

// next allows the next header.
func (h *head) next() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = false
}

// end marks the end of the connection.
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
