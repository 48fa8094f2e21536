package admission

import (
	"net/http"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// Step is how much of an answer has to go out within a write timeout, in bytes: a slow
// client gets all of a large answer, and the gateway gives up one that does not read.
const Step = 64 << 10

// Buffered is the most that net/http takes without waiting for the client, in bytes.
const Buffered = 2 << 10

// Past is a deadline that has passed.
var Past = time.Unix(1, 0)

// A Writer writes a response with a deadline for every step. While the gateway waits for the
// client, others may take the memory of the request.
type Writer struct {
	http.ResponseWriter
	Timeout time.Duration // of each step
	Account *memory.Account
	Status  int
	Written int // bytes of the body

	multiplexed bool // many requests share the connection: HTTP/2 and HTTP/3
	refusals    *Refusals
	refused     bool // for want of memory
}

// Unwrap is for [http.ResponseController].
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader records the status.
func (w *Writer) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write writes a part of the body.
func (w *Writer) Write(b []byte) (written int, err error) {
	for {
		var n int
		part := b[:min(len(b), Step)]
		write := func() error {
			n, err = w.ResponseWriter.Write(part) // #nosec G705 -- responses say their type, and nosniff
			return err
		}
		if len(part) <= Buffered {
			err = w.within(write)
		} else {
			err = w.waiting(write)
		}
		written, w.Written = written+n, w.Written+n
		w.Account.AddProgress(n)
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// FlushError sends what is buffered.
func (w *Writer) FlushError() error {
	return w.waiting(http.NewResponseController(w.ResponseWriter).Flush)
}

// WriteAside writes a few bytes and sends them. It may run beside the request's own goroutine
// while that does not write: it leaves the account of the request alone.
func (w *Writer) WriteAside(b []byte) error {
	return w.within(func() error {
		if _, err := w.ResponseWriter.Write(b); err != nil {
			return err
		}
		return http.NewResponseController(w.ResponseWriter).Flush()
	})
}

// finish writes what net/http would write after the handler has returned and the memory of
// the request is released. Over HTTP/1 that is one small buffer for a connection, over
// HTTP/2 and HTTP/3 one for each stream, with its goroutine.
func (w *Writer) finish() {
	if w.multiplexed {
		w.FlushError()
	}
}

// waiting calls a function that writes and may wait for the client, with a deadline. Others
// may take the memory of the request meanwhile: then the deadline passes at once and stays.
func (w *Writer) waiting(write func() error) error {
	w.SetDeadline(time.Now().Add(w.Timeout)) // before the wait, whose interruption moves it
	w.Account.BeginWait(func() { w.SetDeadline(Past) })
	err := write()
	if w.Account.EndWait() {
		w.removeDeadline()
	}
	return err
}

// within calls a function that writes without waiting for the client, with a deadline.
func (w *Writer) within(write func() error) error {
	w.SetDeadline(time.Now().Add(w.Timeout))
	defer w.removeDeadline()
	return write()
}

// removeDeadline removes the deadline over HTTP/2 and HTTP/3, where one that passes between two
// writes resets the stream. Over HTTP/1 it stays for what net/http writes after the handler.
func (w *Writer) removeDeadline() {
	if w.multiplexed {
		w.SetDeadline(time.Time{})
	}
}

// SetDeadline sets the deadline of the write that is under way.
func (w *Writer) SetDeadline(at time.Time) {
	http.NewResponseController(w.ResponseWriter).SetWriteDeadline(at)
}
