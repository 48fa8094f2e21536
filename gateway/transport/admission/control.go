// Package admission admits requests: each has an account in the budget of memory, and deadlines
// for its body and its answer. It must never know what a request asks for.
package admission

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/memory"
)

// RequestMemory is the memory of a request besides its header, body and answer, in bytes: its
// goroutine, what net/http keeps of it, and small buffers.
const RequestMemory = 16 << 10

// fieldMemory is the memory of a field of a header besides its text, in bytes.
const fieldMemory = 64

// A Control gives every request its account in a budget of memory, and its deadlines.
type Control struct {
	Memory   *memory.Budget
	Refusals *Refusals
	// Timeouts returns the time for the body of a request, and that for each 64 KiB of
	// its answer.
	Timeouts func() (read, write time.Duration)
	// IsSurplus reports whether a request came over a connection past the limit.
	IsSurplus func(*http.Request) bool
	// IsProbe reports whether a request is a health check, which is answered in any case:
	// an orchestrator would kill a gateway that does not answer.
	IsProbe func(*http.Request) bool
}

// Refusals count the requests that are refused before they are read.
type Refusals struct {
	current atomic.Int64
	total   atomic.Uint64
}

// Total returns the number of refused requests.
func (r *Refusals) Total() uint64 { return r.total.Load() }

// Admit admits requests to next, or refuses them.
//
// A body has to arrive within the read timeout, whether the handler reads it or net/http
// reads past it to get to the next request. net/http's own ReadTimeout would go on while an
// operation runs, and end it as if the client had left; here [EndReadDeadline] ends it when
// the body has been read.
func (c *Control) Admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, write := c.Timeouts()
		setDeadlines(w, r, read)
		d := &Writer{ResponseWriter: w, Timeout: write, Account: c.Memory.Open(), multiplexed: r.ProtoMajor >= 2}
		d.refusals = c.Refusals
		defer d.close()
		surplus := c.IsSurplus(r)
		admitted := !surplus && d.Account.Reserve(RequestMemory+HeaderMemory(r))
		if surplus {
			w.Header().Set("Connection", "close")
		}
		if !admitted {
			d.Refuse()
		}
		if admitted || c.IsProbe(r) {
			next.ServeHTTP(d, r)
		} else {
			response.FromOperation(operation.Overloaded, 0).Write(d)
		}
		d.finish()
	})
}

// HeaderMemory returns the memory of the header of a request, in bytes.
func HeaderMemory(r *http.Request) int {
	n := len(r.RequestURI)
	for name, values := range r.Header {
		n += fieldMemory + len(name)
		for _, value := range values {
			n += fieldMemory + len(value)
		}
	}
	return n
}

// EndReadDeadline removes the deadline of a body that has been read.
func EndReadDeadline(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// Refusals have no memory in a budget. So there are at most maxRefusals at once, and none
// waits for its client longer than refusalTimeout.
const (
	maxRefusals    = 1 << 10
	refusalTimeout = time.Second
)

// Refuse prepares to refuse a request for want of memory. With too many refusals under way,
// the request ends without an answer.
func (w *Writer) Refuse() {
	if w.refusals.current.Add(1) > maxRefusals {
		w.refusals.current.Add(-1)
		panic(http.ErrAbortHandler)
	}
	w.refusals.total.Add(1)
	w.refused, w.Timeout = true, refusalTimeout
}

// close releases what the request holds.
func (w *Writer) close() {
	w.Account.Close()
	if w.refused {
		w.refusals.current.Add(-1)
	}
}

// setDeadlines sets the deadline of a request's body, and removes that of the answer before
// this one.
func setDeadlines(w http.ResponseWriter, r *http.Request, read time.Duration) {
	conn := http.NewResponseController(w)
	if r.Body != http.NoBody {
		conn.SetReadDeadline(time.Now().Add(read))
	}
	conn.SetWriteDeadline(time.Time{})
}
