package transport

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/internal/memory"
)

// A request holds requestMemory bytes besides its header, body and answer: its goroutine,
// what net/http keeps of it, and small buffers; and fieldMemory bytes for each header field
// besides its text.
const (
	requestMemory = 16 << 10
	fieldMemory   = 64
)

// An Admission gives every request its account in a budget of memory, and its deadlines.
type Admission struct {
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
// operation runs, and end it as if the client had left; here [endReadDeadline] ends it when
// the body has been read.
func (a *Admission) Admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, write := a.Timeouts()
		setDeadlines(w, r, read)
		d := &deadlineWriter{ResponseWriter: w, timeout: write, multiplexed: r.ProtoMajor >= 2, account: a.Memory.Open()}
		d.refusals = a.Refusals
		defer d.close()
		surplus := a.IsSurplus(r)
		admitted := !surplus && d.account.Reserve(requestMemory+headerMemory(r))
		if surplus {
			w.Header().Set("Connection", "close")
		}
		if !admitted {
			d.refuse()
		}
		if admitted || a.IsProbe(r) {
			next.ServeHTTP(d, r)
		} else {
			response.FromOperation(operation.Overloaded, 0).Write(d)
		}
		d.finish()
	})
}

func headerMemory(r *http.Request) int {
	n := len(r.RequestURI)
	for name, values := range r.Header {
		n += fieldMemory + len(name)
		for _, value := range values {
			n += fieldMemory + len(value)
		}
	}
	return n
}

func endReadDeadline(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Time{})
}

// Refusals have no memory in a budget. So there are at most maxRefusals at once, and none
// waits for its client longer than refusalTimeout.
const (
	maxRefusals    = 1 << 10
	refusalTimeout = time.Second
)

// refuse prepares to refuse a request for want of memory. With too many refusals under way,
// the request ends without an answer.
func (d *deadlineWriter) refuse() {
	if d.refusals.current.Add(1) > maxRefusals {
		d.refusals.current.Add(-1)
		panic(http.ErrAbortHandler)
	}
	d.refusals.total.Add(1)
	d.refused, d.timeout = true, refusalTimeout
}

// close releases what the request holds.
func (d *deadlineWriter) close() {
	d.account.Close()
	if d.refused {
		d.refusals.current.Add(-1)
	}
}

// RequestSize returns what one request of the greatest sizes takes of limits.memory, while
// its body is parsed and while its operation runs, in bytes.
func RequestSize(header int, body int64) (reading, running int64) {
	request := requestMemory + int64(header)
	return request + (1+parsing)*body, request + (1+parsed)*body
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
