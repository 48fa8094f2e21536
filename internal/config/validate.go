package config

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Validate reports everything that is wrong. Errors about a key are of type
// [keypath.Error].
func (c *Config) Validate() error {
	errs := []error{
		validateAddress("listen", c.Listen),
		validateAddress("admin", c.Admin),
		c.validateAdmin(),
		c.validateProxyProtocol(),
		c.validateHTTP3(),
		c.TLS.Validate(),
		keypath.In(c.Log.Config.Validate(), "log"),
		keypath.In(c.Log.AccessConfig.Validate(), "log"),
		c.Traces.Validate(),
		c.Node.Validate(),
		c.Limits.Validate(),
		c.Redis.Validate(),
		keypath.NotNegative("shutdown_delay", c.ShutdownDelay, "a time, such as 5s"),
		keypath.NotNegative("shutdown_grace", c.ShutdownGrace, "a time, such as 30s"),
	}
	if len(c.Apps) == 0 {
		errs = append(errs, errors.New("no application: add one to apps, or give --schema"))
	}
	paths := make(map[string]bool)
	for i := range c.Apps {
		app := &c.Apps[i]
		errs = append(errs, keypath.In(app.validate(c), "apps", i))
		if paths[app.Path] {
			errs = append(errs, keypath.In(keypath.Errorf("path", "is taken by another application"), "apps", i))
		}
		paths[app.Path] = true
		if app.PhoenixSocket != "" && paths[app.PhoenixSocket] {
			errs = append(errs, keypath.In(keypath.Errorf("phoenix_socket", "is taken by another application"), "apps", i))
		}
		paths[app.PhoenixSocket] = true
	}
	return errors.Join(errs...)
}

// validateAdmin requires a token where other machines reach the operators' listener.
func (c *Config) validateAdmin() error {
	switch {
	case overlap(c.Listen, c.Admin):
		return keypath.Errorf("admin", "is the same address as listen, or one of them includes the other; give each an address of its own")
	case c.AdminToken.IsSet():
		return keypath.In(c.AdminToken.Validate(), "admin_token")
	case !isLoopback(c.Admin) && !strings.HasPrefix(c.Admin, UnixPrefix):
		return keypath.Errorf("admin", "can be reached from other machines, whose users could drain nodes: set admin_token, {file: PATH} or {env: NAME}, or an address on 127.0.0.1")
	}
	return nil
}

// validateProxyProtocol refuses networks of proxies on a listener whose peers have no address.
func (c *Config) validateProxyProtocol() error {
	if len(c.ProxyProtocol) > 0 && strings.HasPrefix(c.Listen, UnixPrefix) {
		return keypath.Errorf("proxy_protocol", "needs peers with an IP address: listen on one, such as 127.0.0.1:4400, or remove the key")
	}
	return nil
}

// validateHTTP3 refuses HTTP/3 without TLS, or without a port.
func (c *Config) validateHTTP3() error {
	switch {
	case c.HTTP3 && !c.TLS.Enabled():
		return keypath.Errorf("http3", "needs tls.cert_file and tls.key_file: HTTP/3 always uses TLS")
	case c.HTTP3 && (c.Listen == SystemdSocket || strings.HasPrefix(c.Listen, UnixPrefix)):
		return keypath.Errorf("http3", "needs an address with a port for listen, such as 0.0.0.0:443")
	}
	return nil
}

// validate reports what is wrong with an application of a configuration.
func (a *App) validate(c *Config) error {
	hasProxies := len(c.TrustedProxies) > 0
	return errors.Join(
		a.AppConfig.Validate(a.Auth.UsesCookies() || a.Context.UsesCookies() || a.Request.UsesCookies()),
		a.AbsintheConfig.Validate(),
		a.PoolConfig.Validate(),
		a.Contract.Validate(),
		keypath.In(a.Discovery.Validate(), "discovery"),
		a.Auth.Validate(hasProxies),
		a.Context.Validate(hasProxies, len(a.Auth.Methods) > 0),
		a.Request.Validate(a.UsesConn()),
		a.validatePlugs(),
		a.validatePubSub(),
		a.validateIntrospection(),
		a.validateCertificates(c.TLS.ClientCAFile != ""),
		a.RateLimits.Validate(),
	)
}

// validateIntrospection refuses introspection for identified requests where no request can
// be identified.
func (a *App) validateIntrospection() error {
	if a.DocumentLimits.OnlyIdentified() && len(a.Auth.Methods) == 0 && !a.Context.UsesHeaders() {
		return keypath.In(keypath.Errorf("introspection", "is identified, and no request can be identified: add auth.methods or a context field from a header, or set it to refuse"), "document_limits")
	}
	return nil
}

// validateCertificates refuses the method client_certificate where the gateway requests no
// certificates from clients.
func (a *App) validateCertificates(requested bool) error {
	for i, m := range a.Auth.Methods {
		if m.ClientCertificate != nil && !requested {
			return keypath.In(keypath.Errorf("client_certificate", "needs tls.client_ca_file: without it, the gateway requests no certificates from clients"), "auth", "methods", i)
		}
	}
	return nil
}

// Addresses of listeners other than host:port.
const (
	// SystemdSocket is the socket that systemd passes under the name of the key.
	SystemdSocket = "systemd"
	// UnixPrefix begins the path of a Unix socket.
	UnixPrefix = "unix:"
)

func validateAddress(key, address string) error {
	path, isUnix := strings.CutPrefix(address, UnixPrefix)
	if address == SystemdSocket || isUnix && strings.HasPrefix(path, "/") {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return keypath.Errorf(key, "is not an address such as 127.0.0.1:4400, unix:/run/louche/louche.sock or systemd")
	}
	return nil
}

// overlap reports whether two listeners cannot have these addresses at once: they name one
// Unix socket, or the ports are equal, and the IP addresses are equal or one of them is
// unspecified. Port 0 is a free port for each.
func overlap(a, b string) bool {
	if strings.HasPrefix(a, UnixPrefix) {
		return a == b
	}
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	numberA, errA := strconv.ParseUint(portA, 10, 16)
	numberB, errB := strconv.ParseUint(portB, 10, 16)
	if errA != nil || errB != nil || numberA != numberB || numberA == 0 {
		return false
	}
	return hostA == hostB || includes(hostA, hostB) || includes(hostB, hostA)
}

// includes reports whether a listener on host receives the connections to other.
func includes(host, other string) bool {
	ip, err := netip.ParseAddr(cmp.Or(host, "::"))
	if err != nil || !ip.IsUnspecified() {
		return false
	}
	otherIP, err := netip.ParseAddr(other)
	return ip.Is6() || err != nil || otherIP.Is4()
}

// isLoopback reports whether only this machine reaches an address.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
