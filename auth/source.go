package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
)

// A source is where the value of an entry comes from.
type source interface {
	// append appends what a request has there, converted. It returns errMissing
	// where that is nothing; other errors are the rest of a sentence that begins
	// with the source.
	append([]byte, *conversion, *Request, *Identity) ([]byte, error)
	// kind is what errors wrap where there is something, and it is not right.
	kind() error
	String() string
}

var errMissing = errors.New("is missing")

func errType(c *conversion) error { return fmt.Errorf("is not of type %s", c.Type) }

// fromHeader is the canonical name of a header. It is read from trusted proxies
// alone: anybody can send it.
type fromHeader string

func (h fromHeader) append(b []byte, c *conversion, r *Request, _ *Identity) ([]byte, error) {
	if !r.Trusted {
		return b, errMissing
	}
	values := r.Header[string(h)]
	if len(values) > 1 {
		return b, fmt.Errorf("came %d times", len(values))
	}
	if len(values) == 0 {
		return b, errMissing
	}
	return appendSent(b, c, textproto.TrimString(values[0]))
}

func (fromHeader) kind() error      { return ErrInvalid }
func (h fromHeader) String() string { return "the header " + string(h) }

// fromCookie is the name of a cookie.
type fromCookie string

func (k fromCookie) append(b []byte, c *conversion, r *Request, _ *Identity) ([]byte, error) {
	cookies := (&http.Request{Header: r.Header}).CookiesNamed(string(k))
	if len(cookies) > 1 {
		return b, fmt.Errorf("came %d times", len(cookies))
	}
	if len(cookies) == 0 {
		return b, errMissing
	}
	return appendSent(b, c, cookies[0].Value)
}

func (fromCookie) kind() error      { return ErrInvalid }
func (k fromCookie) String() string { return "the cookie " + string(k) }

// fromRequest is one of the facts of a request.
type fromRequest string

const (
	clientAddress = "client_address"
	requestID     = "request_id"
	traceID       = "trace_id"
)

func (f fromRequest) append(b []byte, c *conversion, r *Request, _ *Identity) ([]byte, error) {
	switch {
	case f == requestID:
		return appendSent(b, c, r.ID)
	case f == traceID:
		return appendSent(b, c, r.TraceID)
	case r.Client.IsValid():
		return appendSent(b, c, r.Client.String())
	}
	return b, errMissing
}

func (fromRequest) kind() error      { return ErrInvalid }
func (f fromRequest) String() string { return "the request's " + string(f) }

// fromClaim leads to a claim of who is asking.
type fromClaim struct{ path ClaimPath }

func (f fromClaim) append(b []byte, c *conversion, _ *Request, who *Identity) ([]byte, error) {
	claim, found := f.path.of(who)
	if !found {
		return b, errMissing
	}
	b, ok := c.appendClaim(b, claim)
	if !ok {
		return b, errType(c)
	}
	return b, nil
}

func (fromClaim) kind() error      { return ErrUnauthenticated }
func (f fromClaim) String() string { return "the claim " + f.path.String() }

// appendSent appends a text of a request. Proxies and scripts that mean nothing send
// an empty one.
func appendSent(b []byte, c *conversion, text string) ([]byte, error) {
	if text == "" {
		return b, errMissing
	}
	b, ok := c.appendText(b, text)
	if !ok {
		return b, errType(c)
	}
	return b, nil
}
