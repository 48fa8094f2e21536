package auth

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
)

// A TokenLocation is the header or the cookie that carries a token.
type TokenLocation struct {
	// Header carries the token. In Authorization the word Bearer precedes it (RFC 6750).
	Header string `yaml:"header"`
	// Cookie is the name of a cookie. Browsers attach it by themselves.
	Cookie string `yaml:"cookie"`
}

const authorization = "Authorization"

// setDefaultHeader sets the header if the section names neither header nor cookie.
func (p *TokenLocation) setDefaultHeader(header string) {
	if *p == (TokenLocation{}) {
		p.Header = header
	}
	p.Header = http.CanonicalHeaderKey(p.Header)
}

func (p *TokenLocation) validate() error {
	switch {
	case p.Header != "" && p.Cookie != "":
		return keypath.Errorf("", "has both header and cookie; remove one: a single one carries the token")
	case p.Header != "" && !httpguts.ValidHeaderFieldName(p.Header):
		return keypath.Errorf("header", "is not a valid header name")
	case p.Cookie != "" && !httpguts.ValidHeaderFieldName(p.Cookie):
		return keypath.Errorf("cookie", "is not a valid cookie name")
	}
	return nil
}

// token returns the token of a request, or empty. Several tokens are an error.
func (p *TokenLocation) token(r *Request) (string, error) {
	if p.Cookie != "" {
		found := (&http.Request{Header: r.Header}).CookiesNamed(p.Cookie)
		switch len(found) {
		case 0:
			return "", nil
		case 1:
			return found[0].Value, nil
		}
		return "", fmt.Errorf("%w: the cookie %s occurs %d times", ErrInvalidCredentials, p.Cookie, len(found))
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

// singleHeader returns the value of a header with credentials, or empty. Several values are
// an error: a proxy may have let one of the client's through.
func singleHeader(header http.Header, name string) (string, error) {
	values := header[name]
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fmt.Errorf("%w: the header %s occurs %d times", ErrInvalidCredentials, name, len(values))
	case !utf8.ValidString(values[0]):
		return "", fmt.Errorf("%w: the header %s is not UTF-8", ErrInvalidCredentials, name)
	}
	return textproto.TrimString(values[0]), nil // HTTP/2 permits surrounding blanks
}

// usesAmbientCredentials reports whether a cookie carries the token.
func (p *TokenLocation) usesAmbientCredentials() bool { return p.Cookie != "" }

// headers returns the name of the request header that carries the token.
func (p *TokenLocation) headers() []string {
	if p.Cookie != "" {
		return []string{"Cookie"}
	}
	return []string{p.Header}
}
