package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// A Place is where requests carry a token: a header, or a cookie.
type Place struct {
	// Header carries the token itself, Authorization the word Bearer before it
	// (RFC 6750).
	Header string `yaml:"header"`
	// Cookie is a cookie's name. Browsers send it by themselves.
	Cookie string `yaml:"cookie"`
}

const authorization = "Authorization"

// setDefault says where the token is if the section does not.
func (p *Place) setDefault(header string) {
	if *p == (Place{}) {
		p.Header = header
	}
	p.Header = http.CanonicalHeaderKey(p.Header)
}

func (p *Place) validate() error {
	switch {
	case p.Header != "" && p.Cookie != "":
		return errors.New("a token is in a header or in a cookie; leave out one of header and cookie")
	case p.Header != "" && !httpguts.ValidHeaderFieldName(p.Header):
		return fmt.Errorf("header: %q is not a header's name", p.Header)
	case p.Cookie != "" && !httpguts.ValidHeaderFieldName(p.Cookie):
		return fmt.Errorf("cookie: %q is not a cookie's name", p.Cookie)
	}
	return nil
}

// token is what a request carries there, or empty. That it carries several is an
// error: who reads the other one would see somebody else.
func (p *Place) token(r *Request) (string, error) {
	if p.Cookie != "" {
		found := (&http.Request{Header: r.Header}).CookiesNamed(p.Cookie)
		switch len(found) {
		case 0:
			return "", nil
		case 1:
			return found[0].Value, nil
		}
		return "", fmt.Errorf("%w: the cookie %s came %d times", ErrCredentials, p.Cookie, len(found))
	}
	values := r.Header[p.Header]
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fmt.Errorf("%w: the header %s came %d times", ErrCredentials, p.Header, len(values))
	case p.Header != authorization:
		return values[0], nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	return strings.TrimLeft(token, " "), nil
}

// header is the name of the request header that carries the token.
func (p *Place) header() string {
	if p.Cookie != "" {
		return "Cookie"
	}
	return p.Header
}
