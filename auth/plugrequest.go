package auth

import (
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
	"github.com/louche-graphql/louche/rpcclient/etf"
)

// PlugRequestConfig is the request section of an application: what plugs on its nodes see of
// the headers of requests.
type PlugRequestConfig struct {
	// Headers are the names of headers, but Cookie.
	Headers []string `yaml:"headers" env:"HEADERS"`
	// Cookies are the names of cookies.
	Cookies []string `yaml:"cookies" env:"COOKIES"`
}

// UsesCookies reports whether plugs see cookies.
func (c *PlugRequestConfig) UsesCookies() bool { return len(c.Cookies) > 0 }

// Validate reports everything that is wrong with the section, by key. hasPlugs says whether
// the application has plugs.
func (c *PlugRequestConfig) Validate(hasPlugs bool) error {
	var errs []error
	if !hasPlugs && (len(c.Headers) > 0 || len(c.Cookies) > 0) {
		errs = append(errs, keypath.Errorf("", "is what plugs see of a request, and there are neither plugs nor before_send; remove it"))
	}
	for i, name := range c.Headers {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a valid header name"), "headers", i))
		case http.CanonicalHeaderKey(name) == "Cookie":
			errs = append(errs, keypath.In(keypath.Errorf("", "has all cookies; list those that plugs read in request.cookies"), "headers", i))
		}
	}
	for i, name := range c.Cookies {
		if !httpguts.ValidHeaderFieldName(name) {
			errs = append(errs, keypath.In(keypath.Errorf("", "is not a valid name of a cookie"), "cookies", i))
		}
	}
	return keypath.In(errors.Join(errs...), "request")
}

// A PlugRequest encodes requests for plugs. Nil: there are no plugs.
type PlugRequest struct {
	headers []plugHeader
	cookies []string
}

// A plugHeader is the name of a header, in the form of package net/http and encoded in that
// of Plug, which is lower case.
type plugHeader struct {
	key     string
	encoded []byte
}

// NewPlugRequest returns a PlugRequest for a section that [PlugRequestConfig.Validate]
// accepts.
func NewPlugRequest(cfg PlugRequestConfig) *PlugRequest {
	p := &PlugRequest{cookies: cfg.Cookies}
	for _, name := range cfg.Headers {
		p.headers = append(p.headers, plugHeader{http.CanonicalHeaderKey(name), etf.AppendBinary(nil, strings.ToLower(name))})
	}
	return p
}

// Headers returns the names of the headers that plugs see, in canonical form.
func (p *PlugRequest) Headers() []string {
	if p == nil {
		return nil
	}
	var names []string
	for _, h := range p.headers {
		names = append(names, h.key)
	}
	if len(p.cookies) > 0 {
		names = append(names, "Cookie")
	}
	return names
}

// UsesCookies reports whether plugs see cookies.
func (p *PlugRequest) UsesCookies() bool { return p != nil && len(p.cookies) > 0 }

// Append appends what the agent makes a conn of:
//
//	{Method, Scheme, Host, Port, Path, Query, Address, Headers}
func (p *PlugRequest) Append(b []byte, r *Request, method, path string) []byte {
	host, port := r.hostPort()
	b = etf.AppendBinary(etf.AppendTuple(b, 8), method)
	b = etf.AppendAtom(b, r.scheme())
	b = etf.AppendInt(etf.AppendBinary(b, host), port)
	b = etf.AppendBinary(etf.AppendBinary(b, path), r.Query)
	return p.appendHeaders(appendAddress(b, r.Client), r.Header)
}

// appendHeaders appends [{Name, Value}].
func (p *PlugRequest) appendHeaders(b []byte, header http.Header) []byte {
	cookies := p.cookiesOf(header)
	n := 0
	for _, h := range p.headers {
		n += len(header[h.key])
	}
	if cookies != "" {
		n++
	}
	if n > 0 {
		b = etf.AppendList(b, n)
	}
	for _, h := range p.headers {
		for _, value := range header[h.key] {
			b = append(etf.AppendTuple(b, 2), h.encoded...)
			b = etf.AppendBinary(b, value)
		}
	}
	if cookies != "" {
		b = etf.AppendBinary(etf.AppendTuple(b, 2), "cookie")
		b = etf.AppendBinary(b, cookies)
	}
	return etf.AppendNil(b)
}

// cookiesOf returns the header Cookie with the cookies that plugs see, as they came.
func (p *PlugRequest) cookiesOf(header http.Header) string {
	if len(p.cookies) == 0 {
		return ""
	}
	var seen []string
	for _, line := range header["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			cookie = strings.TrimSpace(cookie)
			if name, _, _ := strings.Cut(cookie, "="); slices.Contains(p.cookies, name) {
				seen = append(seen, cookie)
			}
		}
	}
	return strings.Join(seen, "; ")
}

// scheme returns http or https: as the client used it with the gateway, or with a trusted
// proxy.
func (r *Request) scheme() string {
	if r.Secure || r.Trusted && r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// hostPort splits Host. Without a port it is that of the scheme.
func (r *Request) hostPort() (host string, port int64) {
	host, number, err := net.SplitHostPort(r.Host)
	if n, invalid := strconv.ParseUint(number, 10, 16); err == nil && invalid == nil {
		return host, int64(n)
	}
	if r.scheme() == "https" {
		return r.Host, 443
	}
	return r.Host, 80
}

// appendAddress appends an address as Erlang has it, a tuple of 4 or 8 numbers. A connection
// without addresses is from this machine.
func appendAddress(b []byte, address netip.Addr) []byte {
	if !address.IsValid() {
		address = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if address.Is4() {
		b = etf.AppendTuple(b, 4)
		for _, n := range address.As4() {
			b = etf.AppendInt(b, int64(n))
		}
		return b
	}
	b = etf.AppendTuple(b, 8)
	groups := address.As16()
	for i := range 8 {
		b = etf.AppendInt(b, int64(binary.BigEndian.Uint16(groups[2*i:])))
	}
	return b
}
