package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

// A TokenLocation is where requests carry a token: a header, or a cookie.
type TokenLocation struct {
	// Header carries the token itself, Authorization the word Bearer before it
	// (RFC 6750).
	Header string `yaml:"header"`
	// Cookie is a cookie's name. Browsers send it by themselves.
	Cookie string `yaml:"cookie"`
}

const authorization = "Authorization"

// setDefaultHeader says where the token is if the section does not.
func (p *TokenLocation) setDefaultHeader(header string) {
	if *p == (TokenLocation{}) {
		p.Header = header
	}
	p.Header = http.CanonicalHeaderKey(p.Header)
}

func (p *TokenLocation) validate() error {
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
// error, as it is of headers.
func (p *TokenLocation) token(r *Request) (string, error) {
	if p.Cookie != "" {
		found := (&http.Request{Header: r.Header}).CookiesNamed(p.Cookie)
		switch len(found) {
		case 0:
			return "", nil
		case 1:
			return found[0].Value, nil
		}
		return "", fmt.Errorf("%w: the cookie %s came %d times", ErrInvalidCredentials, p.Cookie, len(found))
	}
	value, err := singleHeader(r.Header, p.Header)
	if err != nil || p.Header != authorization {
		return value, err
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	return strings.TrimLeft(token, " "), nil
}

// single is the value of a header that says who is asking, or empty. Where it came
// twice, one of them may be a client's that a proxy has let through, and who reads the
// other one would see somebody else.
func singleHeader(header http.Header, name string) (string, error) {
	values := header[name]
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fmt.Errorf("%w: the header %s came %d times", ErrInvalidCredentials, name, len(values))
	case !utf8.ValidString(values[0]):
		return "", fmt.Errorf("%w: the header %s is not UTF-8", ErrInvalidCredentials, name)
	}
	return textproto.TrimString(values[0]), nil // HTTP/2 has blanks around it
}

// usesCookie says whether browsers send the token by themselves.
func (p *TokenLocation) usesCookie() bool { return p.Cookie != "" }

// header is the name of the request header that carries the token.
func (p *TokenLocation) header() string {
	if p.usesCookie() {
		return "Cookie"
	}
	return p.Header
}
