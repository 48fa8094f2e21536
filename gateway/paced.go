package gateway

import (
	"net/http"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// step is how much of an answer has to go out within a write timeout, in bytes: a
// slow client gets all of a large answer, but one that does not read is given up.
const step = 64 << 10

// buffered is up to how many bytes net/http takes without waiting for the client.
const buffered = 2 << 10

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// A pacedWriter writes with a deadline for every step. While the client is awaited,
// the memory of the request may be given to others.
type pacedWriter struct {
	http.ResponseWriter
	timeout time.Duration
	account *memory.Account
	refused bool // for want of memory
}

// Unwrap is for http.ResponseController.
func (p *pacedWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *pacedWriter) Write(b []byte) (written int, err error) {
	for {
		var n int
		part := b[:min(len(b), step)]
		write := func() error {
			n, err = p.ResponseWriter.Write(part)
			return err
		}
		p.setDeadline(time.Now().Add(p.timeout))
		if len(part) <= buffered {
			err = write()
		} else {
			err = p.awaiting(write)
		}
		written += n
		p.account.AddProgress(n)
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// finish writes what net/http would write after the handler has returned and the
// memory of the request has been given back. On a connection of HTTP/1 that is one
// small buffer. On one of HTTP/2 there is one for each stream, with its goroutine.
func (p *pacedWriter) finish(r *http.Request) {
	if r.ProtoMajor == 2 {
		p.awaiting(http.NewResponseController(p.ResponseWriter).Flush)
	}
}

// awaiting calls a function that waits for the client.
func (p *pacedWriter) awaiting(write func() error) error {
	p.account.BeginWait(func() { p.setDeadline(longAgo) })
	defer p.account.EndWait()
	return write()
}

func (p *pacedWriter) setDeadline(at time.Time) {
	http.NewResponseController(p.ResponseWriter).SetWriteDeadline(at)
}
