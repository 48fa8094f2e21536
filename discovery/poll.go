package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// memory is what each source said when it last answered, so that its silence
// changes nothing. It holds the sources of the poll that wrote it, no older ones.
type memory struct {
	addrs   map[string][]netip.Addr // by host name
	targets map[string][]Target     // by Problem.Source
}

// poll is one look at every source.
type poll struct {
	cfg      Config
	resolver Resolver
	last     memory
	next     memory
	report   Report
}

func newPoll(cfg Config, resolver Resolver, last memory) *poll {
	return &poll{
		cfg:      cfg,
		resolver: resolver,
		last:     last,
		next:     memory{addrs: make(map[string][]netip.Addr), targets: make(map[string][]Target)},
	}
}

func (p *poll) run(ctx context.Context) {
	if len(p.cfg.Nodes) > 0 {
		p.list(ctx)
	} else {
		p.hosts(ctx)
	}
	p.report.Targets = distinct(p.report.Targets)
}

// hosts finds the nodes with the prefix at every address that DNS gives.
func (p *poll) hosts(ctx context.Context) {
	var addrs []netip.Addr
	for _, found := range p.lookUp(ctx, p.cfg.DNS) {
		addrs = append(addrs, found...)
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)

	if p.cfg.Port != 0 {
		for _, addr := range addrs {
			p.found(Target{composeName(p.cfg.Prefix, addr), netip.AddrPortFrom(addr, p.cfg.Port)})
		}
		return
	}

	type answer struct {
		entries []entry
		err     error
	}
	answers := make([]answer, len(addrs))
	inParallel(len(addrs), func(i int) {
		a := &answers[i]
		a.entries, a.err = epmdNames(ctx, netip.AddrPortFrom(addrs[i], p.cfg.EPMDPort), p.cfg.Timeout)
	})
	for i, addr := range addrs {
		a := answers[i]
		var targets []Target
		if a.err == nil {
			targets, a.err = p.withPrefix(a.entries, addr)
		}
		p.settle("epmd "+netip.AddrPortFrom(addr, p.cfg.EPMDPort).String(), targets, a.err)
	}
}

// withPrefix returns the application's nodes among those that the EPMD at addr
// lists. An entry that no node can have is passed over like another application's:
// EPMD takes any name and port from any process of its host, and none may hide
// the others.
func (p *poll) withPrefix(entries []entry, addr netip.Addr) ([]Target, error) {
	var targets []Target
	for _, e := range entries {
		if strings.HasPrefix(e.name, p.cfg.Prefix) && shortNameProblem(e.name) == "" && e.port != 0 {
			targets = append(targets, Target{composeName(e.name, addr), netip.AddrPortFrom(addr, e.port)})
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("%w %q: EPMD lists %s", ErrNoMatch, p.cfg.Prefix, describe(entries))
	}
	return targets, nil
}

// describe names the first few entries.
func describe(entries []entry) string {
	const few = 5
	if len(entries) == 0 {
		return "no node at all"
	}
	var b strings.Builder
	for i, e := range entries[:min(few, len(entries))] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.80q at port %d", e.name, e.port)
	}
	if more := len(entries) - few; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// list finds where the nodes of the static list listen.
func (p *poll) list(ctx context.Context) {
	var hosts []string
	for _, name := range p.cfg.Nodes {
		_, host := splitName(name)
		hosts = append(hosts, host)
	}
	addrs := p.lookUp(ctx, hosts)

	type answer struct {
		addr netip.AddrPort
		err  error
	}
	answers := make([]answer, len(p.cfg.Nodes))
	inParallel(len(answers), func(i int) {
		short, _ := splitName(p.cfg.Nodes[i])
		a := &answers[i]
		a.addr, a.err = p.locate(ctx, short, addrs[hosts[i]])
	})
	for i, name := range p.cfg.Nodes {
		var targets []Target
		if a := answers[i]; a.addr.IsValid() {
			targets = []Target{{name, a.addr}}
		}
		p.settle("node "+name, targets, answers[i].err)
	}
}

// locate finds where a node listens whose host has these addresses: at the first
// whose EPMD knows it. Their order is that of the addresses, IPv4 first, and not
// of the DNS answer, so that a node does not move from poll to poll. Without any
// address there is nothing to say that the look-up has not said.
func (p *poll) locate(ctx context.Context, short string, addrs []netip.Addr) (netip.AddrPort, error) {
	var failed error
	for _, addr := range addrs {
		if p.cfg.Port != 0 {
			return netip.AddrPortFrom(addr, p.cfg.Port), nil
		}
		epmd := netip.AddrPortFrom(addr, p.cfg.EPMDPort)
		port, err := epmdPort(ctx, epmd, p.cfg.Timeout, short)
		if err == nil {
			return netip.AddrPortFrom(addr, port), nil
		}
		err = fmt.Errorf("epmd %s: %w", epmd, err)
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	return netip.AddrPort{}, failed
}

// settle takes what a source said, or its silence, into the report.
func (p *poll) settle(source string, targets []Target, err error) {
	if err != nil {
		p.problem(source, err)
	}
	if silent(err) {
		targets = p.last.targets[source]
	}
	p.next.targets[source] = targets
	p.found(targets...)
}

func (p *poll) found(targets ...Target) {
	p.report.Targets = append(p.report.Targets, targets...)
}

func (p *poll) problem(source string, err error) {
	p.report.Problems = append(p.report.Problems, Problem{Source: source, Err: err})
}

// inParallel calls do for 0 to n-1 and returns when all calls are done. 32 run at
// once: sockets are few, and a host that does not answer holds its place for the
// whole timeout.
func inParallel(n int, do func(i int)) {
	slots := make(chan struct{}, 32)
	var calls sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		calls.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	calls.Wait()
}
