package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
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

// lookUp returns the addresses of each host, which is a name or an address itself,
// and takes note of hosts that have none.
func (p *poll) lookUp(ctx context.Context, hosts []string) map[string][]netip.Addr {
	addrs := make(map[string][]netip.Addr)
	var names []string
	for _, host := range hosts {
		if addr, err := netip.ParseAddr(host); err == nil {
			addrs[host] = []netip.Addr{addr.Unmap()}
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
		found, err := combine(answers[i*len(families):][:len(families)], p.last.addrs[name])
		if err != nil {
			p.problem("dns "+name, fmt.Errorf("%w: %w", ErrLookup, err))
		}
		addrs[name] = found
		p.next.addrs[name] = found
	}
	return addrs
}

// lookUpAnswer is the answer for one of families.
type lookUpAnswer struct {
	addrs []netip.Addr
	err   error
}

// combine returns the addresses of a host, in order, from the answer for each of
// families and the addresses that it had before. A family that failed keeps its
// former addresses. That a family has none is believed when the other has some;
// no address at all is more often DNS in trouble than every node gone.
func combine(answers []lookUpAnswer, former []netip.Addr) ([]netip.Addr, error) {
	var found, kept []netip.Addr
	var failed error
	absent := errors.New("no address")
	for i, family := range families {
		a := answers[i]
		for _, addr := range a.addrs {
			found = append(found, addr.Unmap())
		}
		switch {
		case a.err == nil:
		case isAbsent(a.err):
			absent = a.err
		default:
			failed = a.err
			for _, addr := range former {
				if addr.Is4() == (family == "ip4") {
					kept = append(kept, addr)
				}
			}
		}
	}
	if len(found) == 0 {
		return former, cmp.Or(failed, absent)
	}
	found = append(found, kept...)
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found), failed
}

// isAbsent reports whether err means that there is no such name, or that it has no
// address of the family.
func isAbsent(err error) bool {
	var dns *net.DNSError
	var unsuitable *net.AddrError // the hosts file knows the name in the other family only
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &unsuitable)
}
