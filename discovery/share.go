package discovery

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// An offer is the nodes that one source names, those first that it keeps longest if
// there are too many.
type offer struct {
	source  string
	targets []Node
	named   int // how many nodes the source named
}

// offer takes note of the nodes that a source names, and returns those that may become
// part of the report: no more than MaxNodes, those first that were offered last time,
// so that a node which is connected stays. Of several names at one address and port one
// counts: only one node can listen there.
func (p *poll) offer(source string, targets []Node) []Node {
	targets = distinct(slices.Clone(targets))
	slices.SortStableFunc(targets, func(a, b Node) int { return -compareBools(p.last.offered[a.Name], p.last.offered[b.Name]) })
	taken := make(map[netip.AddrPort]bool, len(targets))
	targets = slices.DeleteFunc(targets, func(t Node) bool {
		again := taken[t.Addr]
		taken[t.Addr] = true
		return again
	})
	named := len(targets)
	targets = targets[:min(named, p.cfg.MaxNodes)]
	p.offers = append(p.offers, offer{source, targets, named})
	return targets
}

// share puts MaxNodes of the offers into the report, shared evenly among the sources: a
// source that names thousands takes no node from those that name a few.
func (p *poll) share() {
	offers, named, used := p.offers, 0, 0
	slices.SortStableFunc(offers, func(a, b offer) int { return cmp.Compare(a.named, b.named) })
	for i, o := range offers { // those with the fewest first: what they leave is for the others
		room, sources := p.cfg.MaxNodes-used, len(offers)-i
		n := min(len(o.targets), (room+sources-1)/sources)
		p.found(o.targets[:n]...)
		named, used = named+o.named, used+n
	}
	if used < named {
		most := offers[len(offers)-1]
		p.problem(Problem{"all nodes", fmt.Errorf("%w: %d of %d are used; %s names %d", ErrTooMany, used, named, most.source, most.named), 0})
	}
}

// boundAddrs keeps MaxNodes of the addresses of a host at most, in each family those
// first that were kept last time.
func (p *poll) boundAddrs(host string, known []said[netip.Addr]) {
	for i := range known {
		all := known[i].what
		if len(all) <= p.cfg.MaxNodes {
			continue
		}
		before := make(map[netip.Addr]bool)
		if former := p.last.addrs[host]; i < len(former) {
			for _, addr := range former[i].what {
				before[addr] = true
			}
		}
		kept := slices.Clone(all)
		slices.SortStableFunc(kept, func(a, b netip.Addr) int { return -compareBools(before[a], before[b]) })
		known[i].what = sorted(kept[:p.cfg.MaxNodes])
		p.problem(Problem{"dns " + host, fmt.Errorf("%w: %d of %d addresses are used", ErrTooMany, p.cfg.MaxNodes, len(all)), 0})
	}
}

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
