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

func (c *ProxyHeadersConfig) validate(keyPath string, trusted bool) error {
	switch {
	case c.Subject == "":
		return fmt.Errorf("%s.subject is missing: the header in which the proxy says who is asking, such as X-User-Id", keyPath)
	case !httpguts.ValidHeaderFieldName(c.Subject):
		return fmt.Errorf("%s.subject: %q is not a header's name", keyPath, c.Subject)
	case c.Networks == nil && !trusted:
		return fmt.Errorf("%s takes headers that anybody could send; list the proxies that set them in networks or in trusted_proxies, such as 127.0.0.0/8", keyPath)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Claims)) {
		switch header := c.Claims[name]; {
		case name == "sub":
			return fmt.Errorf("%s.claims.sub is what subject is", keyPath)
		case !httpguts.ValidHeaderFieldName(header):
			return fmt.Errorf("%s.claims.%s: %q is not a header's name", keyPath, name, header)
		}
	}
	return nil
}

func (c *ProxyHeadersConfig) newMethod(string, methodDependencies) (method, error) {
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
func (m *proxyHeaders) close()                       {}
