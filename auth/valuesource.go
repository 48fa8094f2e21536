package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
)

// A source is where the value of an entry comes from.
type valueSource interface {
	// append appends what a request has there, converted. It returns errMissing
	// where that is nothing; other errors are the rest of a sentence that begins
	// with the source.
	append([]byte, *converter, *Request, *Identity) ([]byte, error)
	// kind is what errors wrap where there is something, and it is not right.
	errorKind() error
	String() string
}

var errMissing = errors.New("is missing")

func typeError(c *converter) error { return fmt.Errorf("is not of type %s", c.Type) }

// headerSource is the canonical name of a header. It is read from trusted proxies
// alone: anybody can send it.
type headerSource string

func (h headerSource) append(b []byte, c *converter, r *Request, _ *Identity) ([]byte, error) {
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
	return appendRequestText(b, c, textproto.TrimString(values[0]))
}

func (headerSource) errorKind() error { return ErrInvalidValue }
func (h headerSource) String() string { return "the header " + string(h) }

// cookieSource is the name of a cookie.
type cookieSource string

func (k cookieSource) append(b []byte, c *converter, r *Request, _ *Identity) ([]byte, error) {
	cookies := (&http.Request{Header: r.Header}).CookiesNamed(string(k))
	if len(cookies) > 1 {
		return b, fmt.Errorf("came %d times", len(cookies))
	}
	if len(cookies) == 0 {
		return b, errMissing
	}
	return appendRequestText(b, c, cookies[0].Value)
}

func (cookieSource) errorKind() error { return ErrInvalidValue }
func (k cookieSource) String() string { return "the cookie " + string(k) }

// requestSource is one of the facts of a request.
type requestSource string

const (
	clientAddress = "client_address"
	requestID     = "request_id"
	traceID       = "trace_id"
)

func (f requestSource) append(b []byte, c *converter, r *Request, _ *Identity) ([]byte, error) {
	switch {
	case f == requestID:
		return appendRequestText(b, c, r.ID)
	case f == traceID:
		return appendRequestText(b, c, r.TraceID)
	case r.Client.IsValid():
		return appendRequestText(b, c, r.Client.String())
	}
	return b, errMissing
}

func (requestSource) errorKind() error { return ErrInvalidValue }
func (f requestSource) String() string { return "the request's " + string(f) }

// claimSource leads to a claim of who is asking.
type claimSource struct{ path ClaimPath }

func (f claimSource) append(b []byte, c *converter, _ *Request, identity *Identity) ([]byte, error) {
	claim, found := f.path.lookup(identity)
	if !found {
		return b, errMissing
	}
	b, ok := c.appendClaim(b, claim)
	if !ok {
		return b, typeError(c)
	}
	return b, nil
}

func (claimSource) errorKind() error { return ErrUnauthenticated }
func (f claimSource) String() string { return "the claim " + f.path.String() }

// appendRequestText appends a text of a request. Proxies and scripts that mean nothing send
// an empty one.
func appendRequestText(b []byte, c *converter, text string) ([]byte, error) {
	if text == "" {
		return b, errMissing
	}
	b, ok := c.appendText(b, text)
	if !ok {
		return b, typeError(c)
	}
	return b, nil
}
