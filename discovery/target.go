package discovery

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Node is one node as discovery sees it.
type Node struct {
	// Name is the node's name as EPMD and the address compose it
	// (my-app-01ABC@fdaa:0:1::3), or as the configuration lists it. What the node
	// calls itself may differ and is learnt in the handshake: a host with two
	// addresses gives two targets of one node.
	Name string

	// Addr is where the node's distribution listens.
	Addr netip.AddrPort
}

func compareTargets(a, b Node) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), a.Addr.Compare(b.Addr))
}

// distinct sorts targets by name and keeps one of each name: a name is how a node
// is told from the others.
func distinct(targets []Node) []Node {
	slices.SortFunc(targets, compareTargets)
	return slices.CompactFunc(targets, func(a, b Node) bool { return a.Name == b.Name })
}

// splitName parts a node name at its first '@'. What follows may be an IPv6
// address; neither part of a valid name holds another '@'.
func splitName(name string) (short, host string) {
	short, host, _ = strings.Cut(name, "@")
	return short, host
}

// composeName names the node that is called short at addr. A zone means something
// on this machine only, so it is no part of the name.
func composeName(short string, addr netip.Addr) string {
	return short + "@" + addr.WithZone("").String()
}

// shortNameProblem says what is wrong with short as the part of a node name before
// its '@', or "". The rule is that of valid_name_head/1 in OTP's net_kernel.
func shortNameProblem(short string) string {
	switch {
	case short == "":
		return "is empty; write the node's short name"
	case len(short) > 255:
		return "is longer than the 255 characters of an atom"
	case strings.ContainsFunc(short, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || r == '_' || r == '-')
	}):
		return "holds other characters than letters, digits, '_' and '-', which no node name can"
	}
	return ""
}
