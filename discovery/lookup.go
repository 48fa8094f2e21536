package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Resolver looks up addresses. [*net.Resolver] is one.
type Resolver interface {
	// LookupNetIP returns the addresses of host: of its A records if network is "ip4",
	// of its AAAA records if it is "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// families are looked up separately: net.Resolver hides the failure of one family if asked
// for both, and half of the nodes would seem gone.
var families = []string{"ip4", "ip6"}

// lookUp looks up the addresses of each host, which may be an address itself.
func (p *poll) lookUp(ctx context.Context, hosts []string) {
	var names []string
	for _, host := range hosts {
		if addr, err := netip.ParseAddr(host); err == nil {
			p.next.addrs[host] = []answer[netip.Addr]{{[]netip.Addr{addr.Unmap()}, p.now}}
		} else if !slices.Contains(names, host) {
			names = append(names, host)
		}
	}

	answers := make([]lookupResult, len(names)*len(families))
	inParallel(len(answers), func(i int) {
		ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
		defer cancel()
		a := &answers[i]
		a.addrs, a.err = p.resolver.LookupNetIP(ctx, families[i%len(families)], names[i/len(families)])
	})

	for i, name := range names {
		known, err := combine(answers[i*len(families):][:len(families)], p.last.addrs[name], p.now)
		p.boundAddrs(name, known)
		p.next.addrs[name] = known
		if err == nil {
			continue
		}
		kept := 0
		for _, s := range known {
			if s.at != p.now && (p.cfg.Port == 0 || p.recent(s.at)) {
				kept += len(s.values)
			}
		}
		p.addProblem(Problem{"dns " + name, fmt.Errorf("%w: %w", ErrLookup, err), kept})
	}
}

// lookupResult is the result for one family.
type lookupResult struct {
	addrs []netip.Addr
	err   error
}

// combine returns the addresses of a host by family, from new results and former answers. A
// family whose look-up failed keeps its former addresses. A family without addresses keeps
// them too, unless the other family has some: no address at all is more often a failure of
// DNS than the end of all nodes.
func combine(answers []lookupResult, former []answer[netip.Addr], now time.Time) ([]answer[netip.Addr], error) {
	known := make([]answer[netip.Addr], len(families))
	copy(known, former)
	found := slices.ContainsFunc(answers, func(a lookupResult) bool { return len(a.addrs) > 0 })
	var failed, absent error
	for i, a := range answers {
		switch {
		case a.err != nil && !isAbsent(a.err):
			failed = a.err
		case found:
			known[i] = answer[netip.Addr]{unmapped(a.addrs), now}
		default:
			absent = a.err
		}
	}
	if failed != nil || found {
		return known, failed
	}
	return known, cmp.Or(absent, errors.New("no address"))
}

func unmapped(addrs []netip.Addr) []netip.Addr {
	var all []netip.Addr
	for _, addr := range addrs {
		all = append(all, addr.Unmap())
	}
	return sorted(all)
}

// sorted sorts addrs, IPv4 first, and removes duplicates.
func sorted(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// knownAddrs returns the addresses in the last answers for host, whatever their age.
func (p *poll) knownAddrs(host string) []netip.Addr {
	var addrs []netip.Addr
	for _, s := range p.next.addrs[host] {
		addrs = append(addrs, s.values...)
	}
	return sorted(addrs)
}

// currentAddrs returns the addresses in answers for host that are younger than Keep.
func (p *poll) currentAddrs(host string) []netip.Addr {
	var addrs []netip.Addr
	for _, s := range p.next.addrs[host] {
		if p.recent(s.at) {
			addrs = append(addrs, s.values...)
		}
	}
	return sorted(addrs)
}

// isAbsent reports whether err means that the name does not exist, or has no address of the
// family.
func isAbsent(err error) bool {
	var dns *net.DNSError
	var unsuitable *net.AddrError // the hosts file has the name in the other family only
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &unsuitable)
}
