package transport

import (
	"net/http"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// step is how much of an answer has to go out within a write timeout, in bytes: a slow
// client gets all of a large answer, and the gateway gives up one that does not read.
const step = 64 << 10

// buffered is the most that net/http takes without waiting for the client, in bytes.
const buffered = 2 << 10

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// A deadlineWriter writes with a deadline for every step. While the gateway waits for the
// client, others may take the memory of the request.
type deadlineWriter struct {
	http.ResponseWriter
	timeout     time.Duration
	multiplexed bool // many requests share the connection: HTTP/2 and HTTP/3
	account     *memory.Account
	refusals    *Refusals
	refused     bool // for want of memory
	status      int
	written     int // bytes of the body
}

func accountOf(w http.ResponseWriter) *memory.Account { return w.(*deadlineWriter).account }

// Unwrap is for [http.ResponseController].
func (d *deadlineWriter) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// WriteHeader records the status.
func (d *deadlineWriter) WriteHeader(status int) {
	d.status = status
	d.ResponseWriter.WriteHeader(status)
}

func (d *deadlineWriter) Write(b []byte) (written int, err error) {
	for {
		var n int
		part := b[:min(len(b), step)]
		write := func() error {
			n, err = d.ResponseWriter.Write(part) // #nosec G705 -- responses say their type, and nosniff
			return err
		}
		if len(part) <= buffered {
			err = d.within(write)
		} else {
			err = d.waiting(write)
		}
		written, d.written = written+n, d.written+n
		d.account.AddProgress(n)
		if b = b[n:]; err != nil || len(b) == 0 {
			return written, err
		}
	}
}

// FlushError sends what is buffered.
func (d *deadlineWriter) FlushError() error {
	return d.waiting(http.NewResponseController(d.ResponseWriter).Flush)
}

// writeAside writes a few bytes and sends them. It may run beside the request's own goroutine
// while that does not write: it leaves the account of the request alone.
func (d *deadlineWriter) writeAside(b []byte) error {
	return d.within(func() error {
		if _, err := d.ResponseWriter.Write(b); err != nil {
			return err
		}
		return http.NewResponseController(d.ResponseWriter).Flush()
	})
}

// finish writes what net/http would write after the handler has returned and the memory of
// the request is released. Over HTTP/1 that is one small buffer for a connection, over
// HTTP/2 and HTTP/3 one for each stream, with its goroutine.
func (d *deadlineWriter) finish() {
	if d.multiplexed {
		d.FlushError()
	}
}

// waiting calls a function that writes and may wait for the client, with a deadline. Others
// may take the memory of the request meanwhile: then the deadline passes at once and stays.
func (d *deadlineWriter) waiting(write func() error) error {
	d.setDeadline(time.Now().Add(d.timeout)) // before the wait, whose interruption moves it
	d.account.BeginWait(func() { d.setDeadline(past) })
	err := write()
	if d.account.EndWait() {
		d.removeDeadline()
	}
	return err
}

// within calls a function that writes without waiting for the client, with a deadline.
func (d *deadlineWriter) within(write func() error) error {
	d.setDeadline(time.Now().Add(d.timeout))
	defer d.removeDeadline()
	return write()
}

// removeDeadline removes the deadline over HTTP/2 and HTTP/3, where one that passes between two
// writes resets the stream. Over HTTP/1 it stays for what net/http writes after the handler.
func (d *deadlineWriter) removeDeadline() {
	if d.multiplexed {
		d.setDeadline(time.Time{})
	}
}

func (d *deadlineWriter) setDeadline(at time.Time) {
	http.NewResponseController(d.ResponseWriter).SetWriteDeadline(at)
}
