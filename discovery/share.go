package discovery

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// An offer lists the nodes of one source, in the order of preference.
type offer struct {
	source string
	nodes  []Node
	named  int // number of nodes before the bound
}

// offer adds the nodes of a source to the offers and returns them: at most MaxNodes, one for
// each address and port. It prefers nodes of the last report, so that connected nodes stay.
func (p *poll) offer(source string, nodes []Node) []Node {
	nodes = distinct(slices.Clone(nodes))
	slices.SortStableFunc(nodes, func(a, b Node) int { return -compareBools(p.last.offered[a.Name], p.last.offered[b.Name]) })
	taken := make(map[netip.AddrPort]bool, len(nodes))
	nodes = slices.DeleteFunc(nodes, func(t Node) bool {
		again := taken[t.Addr]
		taken[t.Addr] = true
		return again
	})
	named := len(nodes)
	nodes = nodes[:min(named, p.cfg.MaxNodes)]
	p.offers = append(p.offers, offer{source, nodes, named})
	return nodes
}

// share adds MaxNodes of the offers to the report. Sources have equal shares, so that a
// source with thousands of nodes displaces none of a source with a few.
func (p *poll) share() {
	offers, named, used := p.offers, 0, 0
	slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(a.named, b.named) })
	for i, o := range offers { // the smallest first: the others get what they leave
		room, sources := p.cfg.MaxNodes-used, len(offers)-i
		n := min(len(o.nodes), (room+sources-1)/sources)
		p.addNodes(o.nodes[:n]...)
		named, used = named+o.named, used+n
	}
	if used < named {
		most := offers[len(offers)-1]
		p.addProblem(Problem{"all nodes", fmt.Errorf("%w: %d of %d are used; %s names %d", ErrTooMany, used, named, most.source, most.named), 0})
	}
}

// boundAddrs reduces the addresses of a host to MaxNodes in each family. It prefers addresses
// of the last poll.
func (p *poll) boundAddrs(host string, known []answer[netip.Addr]) {
	for i := range known {
		all := known[i].values
		if len(all) <= p.cfg.MaxNodes {
			continue
		}
		before := make(map[netip.Addr]bool)
		if former := p.last.addrs[host]; i < len(former) {
			for _, addr := range former[i].values {
				before[addr] = true
			}
		}
		kept := slices.Clone(all)
		slices.SortStableFunc(kept, func(a, b netip.Addr) int { return -compareBools(before[a], before[b]) })
		known[i].values = sorted(kept[:p.cfg.MaxNodes])
		p.addProblem(Problem{"dns " + host, fmt.Errorf("%w: %d of %d addresses are used", ErrTooMany, p.cfg.MaxNodes, len(all)), 0})
	}
}

// compareBools orders false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
