package transport

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/transport/admission"
)

// streamMemory is the memory of a stream over HTTP/1.1 besides its results, in bytes: its
// connection, two goroutines and what it keeps of its request.
const streamMemory = 10 << 10

// A detached response goes on after its handler: net/http's buffers and goroutine for the
// connection, and the request, are garbage then.
type detached struct {
	conn    net.Conn
	header  http.Header
	pending []byte // to be written
	writer  *admission.Writer
}

// detach takes the connection of a response without a body yet. It returns nil where that is
// impossible: over HTTP/2 and HTTP/1.0.
func detach(w *admission.Writer, r *http.Request) (*detached, error) {
	if r.ProtoMajor != 1 || r.ProtoMinor == 0 {
		return nil, nil
	}
	account := w.Account.Open()
	if !account.Reserve(streamMemory) {
		return nil, operation.Overloaded
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		account.Close()
		return nil, fmt.Errorf("take the connection of a stream: %w", err)
	}
	d := &detached{conn: conn, header: w.Header()}
	d.writer = &admission.Writer{ResponseWriter: d, Timeout: w.Timeout, Account: account}
	return d, nil
}

// awaitEnd calls leave when the client closes the connection.
func (d *detached) awaitEnd(leave context.CancelFunc) {
	var b [1]byte
	if n, _ := d.conn.Read(b[:]); n == 0 { // else a request that will have no response
		leave()
	}
}

// close ends the body and the connection.
func (d *detached) close() {
	d.pending = append(d.pending, "0\r\n\r\n"...)
	d.writer.FlushError()
	d.conn.Close()
	d.writer.Account.Close()
}

// Header implements [http.ResponseWriter].
func (d *detached) Header() http.Header { return d.header }

// WriteHeader implements [http.ResponseWriter].
func (d *detached) WriteHeader(status int) {
	d.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	d.header.Set("Connection", "close")
	d.header.Set("Transfer-Encoding", "chunked")
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	d.header.Write(&head)
	head.WriteString("\r\n")
	d.pending, d.header = head.Bytes(), nil
}

// Write writes a chunk. A small one waits for FlushError.
func (d *detached) Write(b []byte) (int, error) {
	d.pending = fmt.Appendf(d.pending, "%x\r\n", len(b))
	if len(b) <= admission.Buffered {
		d.pending = append(append(d.pending, b...), "\r\n"...)
		return len(b), nil
	}
	if err := d.FlushError(); err != nil {
		return 0, err
	}
	d.pending = append(d.pending, "\r\n"...)
	return d.conn.Write(b)
}

// FlushError writes what is pending.
func (d *detached) FlushError() error {
	pending := d.pending
	d.pending = nil
	_, err := d.conn.Write(pending)
	return err
}

// SetWriteDeadline implements a method of [http.ResponseController].
func (d *detached) SetWriteDeadline(at time.Time) error { return d.conn.SetWriteDeadline(at) }
