package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Config is the discovery section of an application. Exactly one of DNS and Nodes
// is set.
type Config struct {
	// DNS holds host names or IP addresses. All A and AAAA addresses of each are
	// asked for nodes.
	DNS []string `yaml:"dns" env:"DNS"`

	// Nodes is a fixed list of full node names, such as my-app@127.0.0.1 or
	// my-app-01ABC@fdaa:0:1::3, instead of DNS.
	Nodes []string `yaml:"nodes" env:"NODES"`

	// Prefix is how the names of the application's nodes begin, up to the '@' at
	// most. It belongs to DNS: one EPMD lists the nodes of every application on its
	// host.
	Prefix string `yaml:"prefix" env:"PREFIX"`

	// Interval is the time from the end of one poll to the start of the next, 5s
	// unless set. It is varied by ±10 % so that gateways started together do not
	// poll together.
	Interval time.Duration `yaml:"interval" env:"INTERVAL"`

	// Timeout bounds one DNS look-up and one conversation with an EPMD, 2s unless
	// set.
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`

	// Keep is how long the nodes are still offered that a source named before it fell
	// silent, counted from its last answer, 10m unless set. One shorter than Interval
	// keeps nothing.
	Keep time.Duration `yaml:"keep" env:"KEEP"`

	// MaxNodes is how many nodes are offered at most, and how many addresses of a host
	// are asked, 256 unless set. EPMD lists whatever a process of its host registers:
	// where there are more, every source has an equal share. Nodes that are listed one by
	// one in Nodes are not bounded.
	MaxNodes int `yaml:"max_nodes" env:"MAX_NODES"`

	// EPMDPort is where EPMD listens on every host, 4369 unless set.
	EPMDPort uint16 `yaml:"epmd_port" env:"EPMD_PORT"`

	// Port is the distribution port of releases that run without EPMD. When it is
	// set EPMD is not asked: each address that DNS gives is one node, named
	// Prefix@address, and each of Nodes is found at this port.
	Port uint16 `yaml:"port" env:"PORT"`
}

// SetDefaults fills the fields that are zero and have a default.
func (c *Config) SetDefaults() {
	if c.Interval == 0 {
		c.Interval = 5 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	if c.Keep == 0 {
		c.Keep = 10 * time.Minute
	}
	if c.MaxNodes == 0 {
		c.MaxNodes = 256
	}
	if c.EPMDPort == 0 {
		c.EPMDPort = 4369
	}
}

// Validate returns every mistake in c, joined; each names its YAML key and says
// what to write instead. A zero field that has a default is no mistake.
func (c Config) Validate() error {
	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	switch {
	case len(c.DNS) == 0 && len(c.Nodes) == 0:
		mistake("dns, nodes: neither is set; write the host names to ask (dns: [my-app.internal]) or the nodes themselves (nodes: [my-app@127.0.0.1])")
	case len(c.DNS) > 0 && len(c.Nodes) > 0:
		mistake("dns, nodes: both are set; keep one of them")
	}

	for i, host := range c.DNS {
		if problem := hostProblem(host); problem != "" {
			mistake("dns[%d]: %s", i, problem)
		}
	}
	for i, name := range c.Nodes {
		short, host := splitName(name)
		if !strings.Contains(name, "@") {
			mistake("nodes[%d]: has no '@'; write the full node name, as in my-app@127.0.0.1", i)
			continue
		}
		if problem := shortNameProblem(short); problem != "" {
			mistake("nodes[%d]: what stands before the '@' %s", i, problem)
		}
		if problem := hostProblem(host); problem != "" {
			mistake("nodes[%d]: what stands after the '@' %s", i, problem)
		}
	}

	switch {
	case len(c.DNS) > 0 && c.Prefix == "":
		mistake("prefix: is not set; write how the names of the application's nodes begin (prefix: my-app), since one host may run nodes of several applications")
	case len(c.DNS) == 0 && len(c.Nodes) > 0 && c.Prefix != "":
		mistake("prefix: belongs to dns, while nodes are taken as they are listed; remove it")
	case strings.Contains(c.Prefix, "@"):
		mistake("prefix: contains '@'; write only what stands before it")
	case c.Prefix != "":
		if problem := shortNameProblem(c.Prefix); problem != "" {
			mistake("prefix: %s", problem)
		}
	}

	if c.Interval < 0 {
		mistake("interval: %s is negative; write the time between polls, as in 5s", c.Interval)
	}
	if c.Timeout < 0 {
		mistake("timeout: %s is negative; write how long one DNS look-up or one EPMD conversation may take, as in 2s", c.Timeout)
	}
	if c.Keep < 0 {
		mistake("keep: %s is negative; write how long the nodes named by a source that fell silent are kept, as in 10m", c.Keep)
	}
	if c.MaxNodes < 0 {
		mistake("max_nodes: %d is negative; write how many nodes there may be, as in 256", c.MaxNodes)
	}
	return errors.Join(errs...)
}

// hostProblem says what is wrong with host as a host name or IP address, or "".
func hostProblem(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	switch {
	case host == "":
		return "is empty; write a host name or an IP address"
	case strings.Contains(host, "@"):
		return "contains '@'; write a host name or an IP address here (full node names go into nodes)"
	case strings.Contains(host, ":"):
		return "is neither a host name nor an IP address; write it without scheme, port or brackets (ports go into epmd_port or port)"
	case len(host) > 254 || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }):
		return "is neither a host name nor an IP address"
	}
	return ""
}
