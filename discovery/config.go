package discovery

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/louche-graphql/louche/internal/keypath"
)

// Config is the discovery section of an application. Exactly one of DNS and Nodes
// is set.
type Config struct {
	// DNS lists host names or IP addresses. The EPMDs at all of their A and AAAA
	// addresses are asked for nodes.
	DNS []string `yaml:"dns" env:"DNS"`

	// Nodes is a static list of full node names, such as my-app@127.0.0.1 or
	// my-app-01ABC@fdaa:0:1::3. It replaces DNS.
	Nodes []string `yaml:"nodes" env:"NODES"`

	// Prefix is the prefix of the nodes' names, without '@'. It is required with DNS,
	// because an EPMD lists the nodes of every application on its host.
	Prefix string `yaml:"prefix" env:"PREFIX"`

	// Interval is the time from the end of one poll to the start of the next; the
	// default is 5s. It varies by ±10 %, so that gateways do not poll in step.
	Interval time.Duration `yaml:"interval" env:"INTERVAL"`

	// Timeout bounds one DNS look-up and one EPMD request; the default is 2s.
	Timeout time.Duration `yaml:"timeout" env:"TIMEOUT"`

	// Keep is how long the nodes of a silent source stay, from its last answer; the
	// default is 10m. A value below Interval keeps none.
	Keep time.Duration `yaml:"keep" env:"KEEP"`

	// MaxNodes bounds the reported nodes, and the addresses of each host; the default is
	// 256. EPMD lists whatever the processes of its host register, so sources share the
	// bound equally. It does not apply to Nodes.
	MaxNodes int `yaml:"max_nodes" env:"MAX_NODES"`

	// EPMDPort is the port of EPMD on every host; the default is 4369.
	EPMDPort uint16 `yaml:"epmd_port" env:"EPMD_PORT"`

	// Port is the distribution port of releases without EPMD. If it is set, each address
	// from DNS is one node, named Prefix@address, and each of Nodes listens on this port.
	Port uint16 `yaml:"port" env:"PORT"`
}

// SetDefaults sets the defaults of zero fields.
func (c *Config) SetDefaults() {
	c.Interval = cmp.Or(c.Interval, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.Keep = cmp.Or(c.Keep, 10*time.Minute)
	c.MaxNodes = cmp.Or(c.MaxNodes, 256)
	c.EPMDPort = cmp.Or(c.EPMDPort, 4369)
}

// Validate returns all errors of c, joined. Each names its YAML key and what to write
// instead. Zero fields with a default are valid.
func (c Config) Validate() error {
	return errors.Join(c.validateSources(), c.validatePrefix(), c.validateBounds())
}

func (c Config) validateSources() error {
	var errs []error
	switch {
	case len(c.DNS) == 0 && len(c.Nodes) == 0:
		errs = append(errs, errors.New("needs dns or nodes; write the host names to ask (dns: [my-app.internal]) or the nodes themselves (nodes: [my-app@127.0.0.1])"))
	case len(c.DNS) > 0 && len(c.Nodes) > 0:
		errs = append(errs, errors.New("has both dns and nodes; keep one of them"))
	}
	for i, host := range c.DNS {
		if problem := hostProblem(host); problem != "" {
			errs = append(errs, keypath.In(errors.New(problem), "dns", i))
		}
	}
	for i, name := range c.Nodes {
		errs = append(errs, keypath.In(validateName(name), "nodes", i))
	}
	return errors.Join(errs...)
}

// validateName checks a full node name.
func validateName(name string) error {
	if !strings.Contains(name, "@") {
		return errors.New("has no '@'; write the full node name, as in my-app@127.0.0.1")
	}
	var errs []error
	short, host := splitName(name)
	if problem := shortNameProblem(short); problem != "" {
		errs = append(errs, fmt.Errorf("the part before the '@' %s", problem))
	}
	if problem := hostProblem(host); problem != "" {
		errs = append(errs, fmt.Errorf("the part after the '@' %s", problem))
	}
	return errors.Join(errs...)
}

func (c Config) validatePrefix() error {
	problem := ""
	switch {
	case len(c.DNS) > 0 && c.Prefix == "":
		problem = "is not set; write the prefix of the application's node names (prefix: my-app), because one host may run nodes of several applications"
	case len(c.DNS) == 0 && len(c.Nodes) > 0 && c.Prefix != "":
		problem = "applies to dns only, and nodes is set; remove it"
	case strings.Contains(c.Prefix, "@"):
		problem = "contains '@'; write only the part before it"
	case c.Prefix != "":
		problem = shortNameProblem(c.Prefix)
	}
	if problem == "" {
		return nil
	}
	return keypath.In(errors.New(problem), "prefix")
}

func (c Config) validateBounds() error {
	return errors.Join(
		keypath.NotNegative("interval", c.Interval, "the time between polls, as in 5s"),
		keypath.NotNegative("timeout", c.Timeout, "the timeout of one DNS look-up or EPMD request, as in 2s"),
		keypath.NotNegative("keep", c.Keep, "how long the nodes of a silent source stay, as in 10m"),
		keypath.NotNegative("max_nodes", c.MaxNodes, "the largest number of nodes, as in 256"))
}

// hostProblem returns the problem of a host name or IP address; empty: it is valid.
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
