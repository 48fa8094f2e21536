package auth

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/louche-graphql/louche/internal/keypath"
)

// ProxyHeadersConfig is the method proxy_headers: a proxy authenticates the request, and
// sends the identity in headers.
type ProxyHeadersConfig struct {
	// Subject is the header with the claim sub.
	Subject string `yaml:"subject"`
	// Claims are the headers with other claims, by the name of the claim.
	Claims map[string]string `yaml:"claims"`
	// Networks are the networks of the proxies. The default is trusted_proxies. Headers from
	// other peers count as missing.
	Networks []netip.Prefix `yaml:"networks"`
}

func (c *ProxyHeadersConfig) setDefaults() {
	c.Subject = http.CanonicalHeaderKey(c.Subject)
	for name, header := range c.Claims {
		c.Claims[name] = http.CanonicalHeaderKey(header)
	}
}

func (c *ProxyHeadersConfig) validate(hasProxies bool) error {
	switch {
	case c.Subject == "":
		return keypath.Errorf("subject", "is missing; write the header in which the proxy sends the subject, such as X-User-Id")
	case !httpguts.ValidHeaderFieldName(c.Subject):
		return keypath.Errorf("subject", "is not a valid header name")
	case c.Networks == nil && !hasProxies:
		return keypath.Errorf("", "uses headers that every client can send; list the proxies that set them in networks or in trusted_proxies, such as 127.0.0.0/8")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Claims)) {
		switch header := c.Claims[name]; {
		case name == "sub":
			return keypath.In(keypath.Errorf("sub", "is always the subject; remove it"), "claims")
		case !httpguts.ValidHeaderFieldName(header):
			return keypath.In(keypath.Errorf(keypath.Label(name), "is not a valid header name"), "claims")
		}
	}
	return nil
}

func (c *ProxyHeadersConfig) newMethod(methodDependencies) (method, error) {
	return &proxyHeaders{*c}, nil
}

type proxyHeaders struct{ cfg ProxyHeadersConfig }

func (m *proxyHeaders) authenticate(_ context.Context, r *Request) (*Identity, error) {
	if !m.trustsPeer(r) {
		return nil, nil
	}
	subject, err := singleHeader(r.Header, m.cfg.Subject)
	if err != nil || subject == "" {
		return nil, err
	}
	claims := map[string]any{"sub": subject}
	for name, header := range m.cfg.Claims {
		value, err := singleHeader(r.Header, header)
		if err != nil {
			return nil, err
		}
		if value != "" {
			claims[name] = value
		}
	}
	return &Identity{Method: "proxy_headers", Subject: subject, Claims: claims}, nil
}

// trustsPeer reports whether the headers of the peer count.
func (m *proxyHeaders) trustsPeer(r *Request) bool {
	if m.cfg.Networks == nil {
		return r.Trusted
	}
	return TrustedProxies(m.cfg.Networks).Contains(r.Peer)
}

func (m *proxyHeaders) headers() []string {
	return append(slices.Collect(maps.Values(m.cfg.Claims)), m.cfg.Subject)
}
func (m *proxyHeaders) usesAmbientCredentials() bool { return false }
