package auth

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"

	"golang.org/x/net/http/httpguts"
)

// ProxyHeadersConfig is the method proxy_headers: headers in which a proxy says who is
// asking, which it has found out itself.
type ProxyHeadersConfig struct {
	// Subject is the header that becomes the claim sub.
	Subject string `yaml:"subject"`
	// Claims are the headers that become other claims, by the claim's name.
	Claims map[string]string `yaml:"claims"`
	// Networks are those of the proxies; trusted_proxies unless set. Headers from
	// elsewhere count as absent.
	Networks []netip.Prefix `yaml:"networks"`
}

func (c *ProxyHeadersConfig) setDefaults() {
	c.Subject = http.CanonicalHeaderKey(c.Subject)
	for name, header := range c.Claims {
		c.Claims[name] = http.CanonicalHeaderKey(header)
	}
}

func (c *ProxyHeadersConfig) validate(at string, trusted bool) error {
	switch {
	case c.Subject == "":
		return fmt.Errorf("%s.subject is missing: the header in which the proxy says who is asking, such as X-User-Id", at)
	case !httpguts.ValidHeaderFieldName(c.Subject):
		return fmt.Errorf("%s.subject: %q is not a header's name", at, c.Subject)
	case c.Networks == nil && !trusted:
		return fmt.Errorf("%s takes headers that anybody could send; list the proxies that set them in networks or in trusted_proxies, such as 127.0.0.0/8", at)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Claims)) {
		switch header := c.Claims[name]; {
		case name == "sub":
			return fmt.Errorf("%s.claims.sub is what subject is", at)
		case !httpguts.ValidHeaderFieldName(header):
			return fmt.Errorf("%s.claims.%s: %q is not a header's name", at, name, header)
		}
	}
	return nil
}

func (c *ProxyHeadersConfig) open(string, opening) (method, error) { return &proxyHeaders{*c}, nil }

type proxyHeaders struct{ cfg ProxyHeadersConfig }

func (m *proxyHeaders) identify(_ context.Context, r *Request) (*Identity, error) {
	if !m.trusts(r) {
		return nil, nil
	}
	subject, err := single(r.Header, m.cfg.Subject)
	if err != nil || subject == "" {
		return nil, err
	}
	claims := map[string]any{"sub": subject}
	for name, header := range m.cfg.Claims {
		value, err := single(r.Header, header)
		if err != nil {
			return nil, err
		}
		if value != "" {
			claims[name] = value
		}
	}
	return &Identity{Method: "proxy_headers", Subject: subject, Claims: claims}, nil
}

func (m *proxyHeaders) trusts(r *Request) bool {
	if m.cfg.Networks == nil {
		return r.Trusted
	}
	return Proxies(m.cfg.Networks).Contain(r.Peer)
}

func (m *proxyHeaders) headers() []string {
	return append(slices.Collect(maps.Values(m.cfg.Claims)), m.cfg.Subject)
}
func (m *proxyHeaders) ambient() bool { return false }
func (m *proxyHeaders) close()        {}
