package discovery

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Node is one node as discovery sees it.
type Node struct {
	// Name is composed of EPMD's name and the address (my-app-01ABC@fdaa:0:1::3), or taken
	// from the configuration. The handshake may give another name: a host with two
	// addresses gives two Nodes for one node.
	Name string

	// Addr is the address and port of the node's distribution listener.
	Addr netip.AddrPort
}

func compareNodes(a, b Node) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), a.Addr.Compare(b.Addr))
}

// distinct sorts nodes by name and removes duplicate names.
func distinct(nodes []Node) []Node {
	slices.SortFunc(nodes, compareNodes)
	return slices.CompactFunc(nodes, func(a, b Node) bool { return a.Name == b.Name })
}

// splitName splits a node name at its first '@'. The host may be an IPv6 address.
func splitName(name string) (short, host string) {
	short, host, _ = strings.Cut(name, "@")
	return short, host
}

// composeName returns the full name of a node. It omits the zone of the address, which has a
// meaning on this machine only.
func composeName(short string, addr netip.Addr) string {
	return short + "@" + addr.WithZone("").String()
}

// shortNameProblem returns the problem of the part of a node name before the '@'; empty: it
// is valid. The rule is valid_name_head/1 of OTP's net_kernel.
func shortNameProblem(short string) string {
	switch {
	case short == "":
		return "is empty; write the node's short name"
	case len(short) > 255:
		return "is longer than the 255 characters of an atom"
	case strings.ContainsFunc(short, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '_' || r == '-')
	}):
		return "has other characters than letters, digits, '_' and '-'"
	}
	return ""
}
