package transport

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/gateway/response"
	"github.com/louche-graphql/louche/gateway/transport/admission"
	"github.com/louche-graphql/louche/gateway/transport/request"
	"github.com/louche-graphql/louche/internal/memory"
)

// firstStep is the memory of a body before its first byte has come, in bytes. It doubles as
// the bytes come: a client can claim any length.
const firstStep = 4 << 10

// readBody reads the body into s.body, decompressed.
func (h *Handler) readBody(s *responseState, w http.ResponseWriter, r *http.Request) error {
	name, err := coding(r.Header)
	if err != nil {
		return err
	}
	if r.ContentLength > h.limits.Body {
		return tooLarge(h.limits.Body)
	}
	if err := h.receive(s, w, r); err != nil {
		return err
	}
	admission.EndReadDeadline(w)
	if name == identityCoding {
		return nil
	}
	compressed := s.body
	defer compressed.Close(0)
	s.body = memory.Buffer{}
	if !s.body.Open(s.account) {
		return operation.Overloaded
	}
	return decompress(s, name, compressed.Bytes, h.limits.Body)
}

// receive reads the body as it comes. While the gateway waits for the client, others may
// take the memory of the request.
func (h *Handler) receive(s *responseState, w http.ResponseWriter, r *http.Request) error {
	body := http.MaxBytesReader(w, r.Body, h.limits.Body)
	interrupt := func() { http.NewResponseController(w).SetReadDeadline(admission.Past) }
	for {
		if !s.growBody(h.limits.Body) {
			return operation.Overloaded
		}
		s.account.BeginWait(interrupt)
		n, err := body.Read(s.body.Bytes[len(s.body.Bytes):cap(s.body.Bytes)])
		s.account.AddProgress(n)
		if !s.account.EndWait() {
			w.(*admission.Writer).Refuse()
			return operation.Overloaded
		}
		switch s.body.Bytes = s.body.Bytes[:len(s.body.Bytes)+n]; {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unread(err, h.limits.Body)
		}
	}
}

// growBody gives the body, of at most limit bytes, room for at least one more.
func (s *responseState) growBody(limit int64) bool {
	if len(s.body.Bytes) < cap(s.body.Bytes) {
		return true
	}
	return s.body.Grow(max(firstStep, min(2*cap(s.body.Bytes), int(limit)+1)))
}

// unread returns why a body of at most limit bytes could not be read.
func unread(err error, limit int64) error {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	case errors.As(err, &tooLong):
		return tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	}
	return response.BadRequest("The request's body cannot be read.")
}

// largeText is the size from which texts are parsed in turn, in bytes.
const largeText = 64 << 10

// coders bounds how many requests are decompressed, or large ones parsed, at once: each
// takes up to some 16 MiB. Both are bound by the processor, so more at once would not be
// faster.
var coders = make(chan struct{}, min(4, 2*runtime.GOMAXPROCS(0)))

// parse calls a function that parses a text, with memory for it.
func (s *responseState) parse(size int, parse func() error) error {
	s.result.Enter(operation.StageParse)
	if size >= largeText {
		coders <- struct{}{}
		defer func() { <-coders }()
	}
	if !s.account.Reserve(request.Parsing * size) {
		return operation.Overloaded
	}
	defer s.account.Release((request.Parsing - request.Parsed) * size)
	return parse()
}

// RequestSize returns what one request of the greatest sizes takes of limits.memory, while
// its body is parsed and while its operation runs, in bytes.
func RequestSize(header int, body int64) (reading, running int64) {
	size := admission.RequestMemory + int64(header)
	return size + (1+request.Parsing)*body, size + (1+request.Parsed)*body
}
