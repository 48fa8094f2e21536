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
	// LookupNetIP returns the addresses of host; network is "ip4" for its A records
	// or "ip6" for its AAAA records.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// families are asked apart: asked for both at once, net.Resolver hides that one
// of the two look-ups failed, and half of the nodes would seem gone.
var families = []string{"ip4", "ip6"}

// lookUp learns the addresses of each host, which is a name or an address itself,
// and takes note of hosts that have none.
func (p *poll) lookUp(ctx context.Context, hosts []string) {
	var names []string
	for _, host := range hosts {
		if addr, err := netip.ParseAddr(host); err == nil {
			p.next.addrs[host] = []said[netip.Addr]{{[]netip.Addr{addr.Unmap()}, p.now}}
		} else if !slices.Contains(names, host) {
			names = append(names, host)
		}
	}

	answers := make([]lookUpAnswer, len(names)*len(families))
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
				kept += len(s.what)
			}
		}
		p.problem(Problem{"dns " + name, fmt.Errorf("%w: %w", ErrLookup, err), kept})
	}
}

// lookUpAnswer is the answer for one of families.
type lookUpAnswer struct {
	addrs []netip.Addr
	err   error
}

// combine returns what is known of a host, from the answer for each of families and
// what was known before. A family that failed keeps its former addresses. That a
// family has none is believed when the other has some; no address at all is more
// often DNS in trouble than every node gone.
func combine(answers []lookUpAnswer, former []said[netip.Addr], now time.Time) ([]said[netip.Addr], error) {
	known := make([]said[netip.Addr], len(families))
	copy(known, former)
	found := slices.ContainsFunc(answers, func(a lookUpAnswer) bool { return len(a.addrs) > 0 })
	var failed, absent error
	for i, a := range answers {
		switch {
		case a.err != nil && !isAbsent(a.err):
			failed = a.err
		case found:
			known[i] = said[netip.Addr]{unmapped(a.addrs), now}
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

// sorted sorts addrs, IPv4 first, and keeps one of each.
func sorted(addrs []netip.Addr) []netip.Addr {
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// known returns the addresses of host, sorted, however long ago DNS said so.
func (p *poll) known(host string) []netip.Addr {
	var addrs []netip.Addr
	for _, s := range p.next.addrs[host] {
		addrs = append(addrs, s.what...)
	}
	return sorted(addrs)
}

// current returns those of known that DNS has named within Keep.
func (p *poll) current(host string) []netip.Addr {
	var addrs []netip.Addr
	for _, s := range p.next.addrs[host] {
		if p.recent(s.at) {
			addrs = append(addrs, s.what...)
		}
	}
	return sorted(addrs)
}

// isAbsent reports whether err means that there is no such name, or that it has no
// address of the family.
func isAbsent(err error) bool {
	var dns *net.DNSError
	var unsuitable *net.AddrError // the hosts file knows the name in the other family only
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &unsuitable)
}
