package gateway

import (
	"net/http"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// A request holds so many bytes besides its header, body and answer: its goroutine,
// what net/http keeps of it, and small buffers; and so many for each header field
// besides its text.
const (
	requestMemory = 16 << 10
	fieldMemory   = 64
)

// bounded gives every request its account in a budget of memory and its deadlines.
// The body has to arrive within the read timeout, whether the handler reads it or
// net/http passes it over to get at the next request. net/http's own ReadTimeout would
// go on while an operation runs, and end it as if the client had left; here
// [endReadDeadline] is called when the body has been read.
func (g *Gateway) bounded(l Limits, budget *memory.Budget) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn := http.NewResponseController(w)
			conn.SetReadDeadline(time.Now().Add(l.ReadTimeout))
			conn.SetWriteDeadline(time.Time{}) // of the answer before this one
			paced := &pacedWriter{ResponseWriter: w, timeout: l.WriteTimeout, account: budget.Open()}
			defer g.settle(paced)
			surplus := onSurplus(r)
			admitted := !surplus && paced.account.Reserve(requestMemory+headerMemory(r))
			if surplus {
				w.Header().Set("Connection", "close")
			}
			if !admitted {
				g.turnAway(paced)
			}
			if admitted || isProbe(r) { // an orchestrator would end a gateway that does not answer
				next.ServeHTTP(paced, r)
			} else {
				overloaded.write(paced)
			}
			paced.finish(r)
		})
	}
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

// Refusals have no memory in a budget. So there are few at once, and none waits long
// for its client.
const (
	maxRefusals    = 1 << 10
	refusalTimeout = time.Second
)

// turnAway prepares to tell a client that there is no memory for its request. Where too
// many clients are being told, the request ends without an answer.
func (g *Gateway) turnAway(w *pacedWriter) {
	if g.turningAway.Add(1) > maxRefusals {
		g.turningAway.Add(-1)
		panic(http.ErrAbortHandler)
	}
	g.turnedAway.Add(1)
	w.refused, w.timeout = true, refusalTimeout
}

// settle gives back what a request holds.
func (g *Gateway) settle(w *pacedWriter) {
	w.account.Close()
	if w.refused {
		g.turningAway.Add(-1)
	}
}
