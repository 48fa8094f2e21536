package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// poll is one look at every source.
type poll struct {
	cfg      Config
	resolver Resolver
	now      time.Time
	last     memory
	next     memory
	report   Report
	offers   []offer
}

func newPoll(cfg Config, resolver Resolver, last memory) *poll {
	return &poll{
		cfg:      cfg,
		resolver: resolver,
		now:      time.Now(),
		last:     last,
		next: memory{
			addrs:    make(map[string][]said[netip.Addr]),
			targets:  make(map[string]said[Node]),
			problems: make(map[string]Problem),
		},
	}
}

func (p *poll) run(ctx context.Context) {
	hosts := slices.Clone(p.cfg.DNS)
	for _, name := range p.cfg.Nodes {
		_, host := splitName(name)
		hosts = append(hosts, host)
	}
	p.lookUp(ctx, hosts)
	for _, host := range hosts {
		p.report.Addrs = append(p.report.Addrs, p.known(host)...)
	}
	p.report.Addrs = sorted(p.report.Addrs)

	switch {
	case p.cfg.Port != 0:
		p.fixed()
	case len(p.cfg.Nodes) > 0:
		p.list(ctx)
	default:
		p.hosts(ctx)
	}
	p.share()
	p.report.Nodes = distinct(p.report.Nodes)
	p.next.offered = make(map[string]bool, len(p.report.Nodes))
	for _, t := range p.report.Nodes {
		p.next.offered[t.Name] = true
	}
}

// fixed takes the nodes that run without EPMD, of which DNS is the only source. A
// static node is taken at the first address of its host.
func (p *poll) fixed() {
	for _, host := range p.cfg.DNS {
		var targets []Node
		for _, addr := range p.current(host) {
			targets = append(targets, Node{composeName(p.cfg.Prefix, addr), netip.AddrPortFrom(addr, p.cfg.Port)})
		}
		p.offer("nodes of "+host, targets)
	}
	for _, name := range p.cfg.Nodes {
		_, host := splitName(name)
		if addrs := p.current(host); len(addrs) > 0 {
			p.found(Node{name, netip.AddrPortFrom(addrs[0], p.cfg.Port)})
		}
	}
}

// hosts finds the nodes with the prefix at every address that DNS gives or gave
// last: an EPMD that answers is heard, however long DNS has been silent.
func (p *poll) hosts(ctx context.Context) {
	type answer struct {
		entries []entry
		err     error
	}
	addrs := p.report.Addrs
	answers := make([]answer, len(addrs))
	inParallel(len(addrs), func(i int) {
		a := &answers[i]
		a.entries, a.err = epmdNames(ctx, netip.AddrPortFrom(addrs[i], p.cfg.EPMDPort), p.cfg.Timeout)
	})
	for i, addr := range addrs {
		a := answers[i]
		var targets []Node
		if a.err == nil {
			targets, a.err = p.withPrefix(a.entries, addr)
		}
		source := "epmd " + netip.AddrPortFrom(addr, p.cfg.EPMDPort).String()
		if a.err == nil {
			targets = p.offer(source, targets)
		}
		targets = p.heard(source, targets, a.err)
		if a.err != nil {
			p.offer(source, targets)
			p.problem(Problem{source, a.err, len(targets)})
		}
	}
}

// withPrefix returns the application's nodes among those that the EPMD at addr
// lists. An entry that no node can have is passed over like another application's:
// EPMD takes any name and port from any process of its host, and none may hide
// the others.
func (p *poll) withPrefix(entries []entry, addr netip.Addr) ([]Node, error) {
	var targets []Node
	for _, e := range entries {
		if strings.HasPrefix(e.name, p.cfg.Prefix) && shortNameProblem(e.name) == "" && e.port != 0 {
			targets = append(targets, Node{composeName(e.name, addr), netip.AddrPortFrom(addr, e.port)})
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

// list finds where the nodes of the static list listen, each at the first address
// of its host whose EPMD knows it. That order is IPv4 first, and not the one of the
// DNS answer, so that a node does not move from poll to poll. All are asked at once,
// so that one which does not answer delays the others by no more than itself.
func (p *poll) list(ctx context.Context) {
	type question struct {
		short string
		epmd  netip.AddrPort
		port  uint16
		err   error
	}
	byNode := make([][]*question, len(p.cfg.Nodes))
	for i, name := range p.cfg.Nodes {
		short, host := splitName(name)
		for _, addr := range p.known(host) {
			byNode[i] = append(byNode[i], &question{short: short, epmd: netip.AddrPortFrom(addr, p.cfg.EPMDPort)})
		}
	}
	questions := slices.Concat(byNode...)
	inParallel(len(questions), func(i int) {
		q := questions[i]
		q.port, q.err = epmdPort(ctx, q.epmd, p.cfg.Timeout, q.short)
	})

	for i, name := range p.cfg.Nodes {
		var listed, kept []Node
		var failed error // nil without any address: the look-up has said why
		for _, q := range byNode[i] {
			source := fmt.Sprintf("node %s at epmd %s", name, q.epmd)
			found := p.heard(source, []Node{{name, netip.AddrPortFrom(q.epmd.Addr(), q.port)}}, q.err)
			if q.err == nil {
				listed = append(listed, found...)
				continue
			}
			kept = append(kept, found...)
			err := fmt.Errorf("epmd %s: %w", q.epmd, q.err)
			if failed != nil {
				err = fmt.Errorf("%w; %w", failed, err)
			}
			failed = err
		}
		switch {
		case len(listed) > 0:
			p.found(listed[0])
			continue
		case len(kept) > 0:
			kept = kept[:1]
			p.found(kept...)
		}
		if failed != nil {
			p.problem(Problem{"node " + name, failed, len(kept)})
		}
	}
}

// heard returns what counts of a source: what it says or, if it is silent, what it
// said last, within Keep.
func (p *poll) heard(source string, targets []Node, err error) []Node {
	now := said[Node]{targets, p.now}
	switch {
	case silent(err):
		now = p.last.targets[source]
	case err != nil:
		now.what = nil
	}
	p.next.targets[source] = now
	if !p.recent(now.at) {
		return nil
	}
	return now.what
}

// recent reports whether what was said at that time is kept if its source is silent
// now.
func (p *poll) recent(at time.Time) bool { return p.now.Sub(at) <= p.cfg.Keep }

func (p *poll) found(targets ...Node) {
	p.report.Nodes = append(p.report.Nodes, targets...)
}

func (p *poll) problem(problem Problem) {
	p.report.Problems = append(p.report.Problems, problem)
	p.next.problems[problem.Source] = problem
}

// inParallel calls do for 0 to n-1 and returns when all calls are done. 512 run at
// once. A host that does not answer holds its place for the whole timeout, so that a
// thousand of them take two; and each place is a socket, of which a process with the
// customary limit may have 1,024, and a select-based EPMD, if all ask the same one,
// takes as many.
func inParallel(n int, do func(i int)) {
	slots := make(chan struct{}, 512)
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
