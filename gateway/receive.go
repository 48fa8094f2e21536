package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime"
)

// firstStep is how much memory a body is given before its first byte has come. It
// doubles as the bytes come: a length is quickly claimed.
const firstStep = 4 << 10

// readBody reads the body into x.body, decompressed.
func (h *graphQL) readBody(x *exchange, w http.ResponseWriter, r *http.Request) error {
	name, err := coding(r.Header)
	if err != nil {
		return err
	}
	if r.ContentLength > h.limits.Body {
		return tooLarge(h.limits.Body)
	}
	if err := h.receive(x, w, r); err != nil {
		return err
	}
	endReadDeadline(w)
	if name == identity {
		return nil
	}
	compressed := x.body
	x.body = nil
	defer x.drop(&compressed)
	return decompress(x, name, compressed, h.limits.Body)
}

// receive reads the body as it comes. While the client is awaited, the memory of the
// request may be given to others.
func (h *graphQL) receive(x *exchange, w http.ResponseWriter, r *http.Request) error {
	body := http.MaxBytesReader(w, r.Body, h.limits.Body)
	interrupt := func() { http.NewResponseController(w).SetReadDeadline(longAgo) }
	for {
		if !x.makeRoom(h.limits.Body) {
			return overloaded
		}
		x.account.BeginWait(interrupt)
		n, err := body.Read(x.body[len(x.body):cap(x.body)])
		x.account.AddProgress(n)
		if !x.account.EndWait() {
			h.gateway.turnAway(w.(*pacedWriter))
			return overloaded
		}
		switch x.body = x.body[:len(x.body)+n]; {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return h.unread(err)
		}
	}
}

// makeRoom gives the body, of at most limit bytes, room for at least one more.
func (x *exchange) makeRoom(limit int64) bool {
	if len(x.body) < cap(x.body) {
		return true
	}
	return x.enlarge(&x.body, max(firstStep, min(2*cap(x.body), int(limit)+1)))
}

// unread says why a body could not be read.
func (h *graphQL) unread(err error) error {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return tooSlow
	case errors.As(err, &tooLong):
		return tooLarge(h.limits.Body)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutOff
	}
	return badRequest("The request's body cannot be read.")
}

// Memory for taking a request apart, for each byte of it: at most so many bytes while
// it is parsed, and so many until it is answered, for its parts and for what becomes of
// them in the call of a node.
const (
	parsing = 24
	parsed  = 8
)

// largeText is from which size on texts are parsed one after the other, in bytes.
const largeText = 64 << 10

// coders bounds how many requests are decompressed, or large ones parsed, at once: each
// takes up to some 16 MiB. They come at the speed of the processor, so more at once
// would not be done sooner.
var coders = make(chan struct{}, min(4, 2*runtime.GOMAXPROCS(0)))

// parse calls a function that takes a text apart, with memory for it.
func (x *exchange) parse(size int, parse func() error) error {
	if size >= largeText {
		coders <- struct{}{}
		defer func() { <-coders }()
	}
	if !x.account.Reserve(parsing * size) {
		return overloaded
	}
	defer x.account.Release((parsing - parsed) * size)
	return parse()
}
