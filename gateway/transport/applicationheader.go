package transport

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/keypath"
)

// ResponseConfig is the response section of an application: what its nodes may add to the
// header of a response.
type ResponseConfig struct {
	// Headers are the names of headers, but Set-Cookie.
	Headers []string `yaml:"headers" env:"HEADERS"`
	// Cookies are the names of cookies that responses may set.
	Cookies []string `yaml:"cookies" env:"COOKIES"`
}

// IsEmpty reports whether nodes may add nothing.
func (c *ResponseConfig) IsEmpty() bool { return len(c.Headers) == 0 && len(c.Cookies) == 0 }

// ownHeaders are those of the gateway, and those that belong to a connection.
var ownHeaders = []string{
	"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Date", "Keep-Alive", "Proxy-Authenticate", "RateLimit",
	"RateLimit-Policy", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "X-Content-Type-Options", requestIDHeader,
}

func (c *ResponseConfig) validate() error {
	var errs []error
	for i, name := range c.Headers {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a valid header name"), "headers", i))
		case canonical == "Set-Cookie":
			errs = append(errs, keypath.In(keypath.Errorf("", "sets any cookie; list the names in response.cookies"), "headers", i))
		case strings.HasPrefix(canonical, "Access-Control-") || slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }):
			errs = append(errs, keypath.In(keypath.Errorf("", "is the gateway's own header"), "headers", i))
		}
	}
	for i, name := range c.Cookies {
		if !httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a valid name of a cookie"), "cookies", i))
		}
	}
	return errors.Join(errs...)
}

// set adds to a response what the section allows of the application's fields. Of fields with
// one name, cookies apart, the last one counts.
func (c *ResponseConfig) set(header http.Header, fields []operation.Field) {
	cookies := false
	for _, f := range fields {
		if strings.EqualFold(f.Name, "set-cookie") {
			if name, _, _ := strings.Cut(f.Value, "="); slices.Contains(c.Cookies, name) {
				header.Add("Set-Cookie", f.Value)
				cookies = true
			}
			continue
		}
		for _, allowed := range c.Headers {
			if strings.EqualFold(allowed, f.Name) {
				header.Set(allowed, f.Value)
			}
		}
	}
	if cookies {
		header.Set("Cache-Control", operation.NoStore)
	}
}

// writeReply answers with the application's own response.
func (c *ResponseConfig) writeReply(w http.ResponseWriter, reply *operation.Reply) {
	header := w.Header()
	c.set(header, reply.Header)
	for _, f := range reply.Header {
		if strings.EqualFold(f.Name, "content-type") {
			header.Set("Content-Type", f.Value)
		}
	}
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", operation.NoStore)
	}
	w.WriteHeader(reply.Status)
	w.Write(reply.Body) // #nosec G705 -- the application's own, with its type, and nosniff
}
