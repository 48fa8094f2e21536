package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
)

// A valueSource is the source of the value of a field.
type valueSource interface {
	// append appends the converted value. It returns errMissing if there is none. An error
	// is the predicate of a sentence whose subject is the source.
	append([]byte, *converter, *Request, *Identity) ([]byte, error)
	// errorKind is the error that an invalid value wraps.
	errorKind() error
	String() string
}

var errMissing = errors.New("is missing")

func typeError(c *converter) error { return fmt.Errorf("is not of type %s", c.Type) }

// headerSource is the canonical name of a header. It is read only from trusted proxies,
// because every client can send it.
type headerSource string

func (h headerSource) append(b []byte, c *converter, r *Request, _ *Identity) ([]byte, error) {
	if !r.Trusted {
		return b, errMissing
	}
	values := r.Header[string(h)]
	if len(values) > 1 {
		return b, fmt.Errorf("occurs %d times", len(values))
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
		return b, fmt.Errorf("occurs %d times", len(cookies))
	}
	if len(cookies) == 0 {
		return b, errMissing
	}
	return appendRequestText(b, c, cookies[0].Value)
}

func (cookieSource) errorKind() error { return ErrInvalidValue }
func (k cookieSource) String() string { return "the cookie " + string(k) }

// requestSource is a property of the request.
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

// claimSource is a claim of the identity.
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

// appendRequestText appends a text of a request. An empty text counts as missing: proxies and
// scripts send one for no value.
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
