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

// poll polls every source once.
type poll struct {
	cfg      Config
	resolver Resolver
	now      time.Time
	last     state
	next     state
	report   Report
	offers   []offer
}

func newPoll(cfg Config, resolver Resolver, last state) *poll {
	return &poll{
		cfg:      cfg,
		resolver: resolver,
		now:      time.Now(),
		last:     last,
		next: state{
			addrs:    make(map[string][]answer[netip.Addr]),
			nodes:    make(map[string]answer[Node]),
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
		p.report.Addrs = append(p.report.Addrs, p.knownAddrs(host)...)
	}
	p.report.Addrs = sorted(p.report.Addrs)

	switch {
	case p.cfg.Port != 0:
		p.pollFixedPort()
	case len(p.cfg.Nodes) > 0:
		p.pollStaticNodes(ctx)
	default:
		p.pollHosts(ctx)
	}
	p.share()
	p.report.Nodes = distinct(p.report.Nodes)
	p.next.offered = make(map[string]bool, len(p.report.Nodes))
	for _, t := range p.report.Nodes {
		p.next.offered[t.Name] = true
	}
}

// pollFixedPort takes the nodes from DNS alone: the releases run without EPMD. A static node
// is at the first address of its host.
func (p *poll) pollFixedPort() {
	for _, host := range p.cfg.DNS {
		var nodes []Node
		for _, addr := range p.currentAddrs(host) {
			nodes = append(nodes, Node{composeName(p.cfg.Prefix, addr), netip.AddrPortFrom(addr, p.cfg.Port)})
		}
		p.offer("nodes of "+host, nodes)
	}
	for _, name := range p.cfg.Nodes {
		_, host := splitName(name)
		if addrs := p.currentAddrs(host); len(addrs) > 0 {
			p.addNodes(Node{name, netip.AddrPortFrom(addrs[0], p.cfg.Port)})
		}
	}
}

// pollHosts asks the EPMD at every known address for nodes with the prefix. An EPMD that
// answers counts, however long DNS has been silent.
func (p *poll) pollHosts(ctx context.Context) {
	type result struct {
		entries []entry
		err     error
	}
	addrs := p.report.Addrs
	results := make([]result, len(addrs))
	inParallel(len(addrs), func(i int) {
		a := &results[i]
		a.entries, a.err = epmdNames(ctx, netip.AddrPortFrom(addrs[i], p.cfg.EPMDPort), p.cfg.Timeout)
	})
	for i, addr := range addrs {
		a := results[i]
		p.report.EPMDs = append(p.report.EPMDs, newEPMDAnswer(netip.AddrPortFrom(addr, p.cfg.EPMDPort), a.entries, p.cfg.Prefix, a.err))
		var nodes []Node
		if a.err == nil {
			nodes, a.err = p.withPrefix(a.entries, addr)
		}
		source := "epmd " + netip.AddrPortFrom(addr, p.cfg.EPMDPort).String()
		if a.err == nil {
			nodes = p.offer(source, nodes)
		}
		nodes = p.lastAnswer(source, nodes, a.err)
		if a.err != nil {
			p.offer(source, nodes)
			p.addProblem(Problem{source, a.err, len(nodes)})
		}
	}
}

// withPrefix returns the application's nodes of the EPMD at addr. It skips invalid entries,
// which any process of the host can register.
func (p *poll) withPrefix(entries []entry, addr netip.Addr) ([]Node, error) {
	var nodes []Node
	for _, e := range entries {
		if strings.HasPrefix(e.name, p.cfg.Prefix) && shortNameProblem(e.name) == "" && e.port != 0 {
			nodes = append(nodes, Node{composeName(e.name, addr), netip.AddrPortFrom(addr, e.port)})
		}
	}
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%w %q: EPMD lists %s", ErrNoMatch, p.cfg.Prefix, describe(entries))
	}
	return nodes, nil
}

// describe names the first few entries.
func describe(entries []entry) string {
	const few = 5
	if len(entries) == 0 {
		return "no nodes"
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

// A portRequest asks one EPMD for the port of a static node.
type portRequest struct {
	short string
	epmd  netip.AddrPort
	port  uint16
	err   error
}

// pollStaticNodes asks the EPMDs of static nodes for their ports, in parallel.
func (p *poll) pollStaticNodes(ctx context.Context) {
	byNode := make([][]*portRequest, len(p.cfg.Nodes))
	for i, name := range p.cfg.Nodes {
		short, host := splitName(name)
		for _, addr := range p.knownAddrs(host) {
			byNode[i] = append(byNode[i], &portRequest{short: short, epmd: netip.AddrPortFrom(addr, p.cfg.EPMDPort)})
		}
	}
	requests := slices.Concat(byNode...)
	inParallel(len(requests), func(i int) {
		r := requests[i]
		r.port, r.err = epmdPort(ctx, r.epmd, p.cfg.Timeout, r.short)
	})
	for _, r := range requests {
		p.report.addPort(r)
	}
	for i, name := range p.cfg.Nodes {
		p.addStaticNode(name, byNode[i])
	}
}

// addStaticNode adds a node at the first address whose EPMD lists it, or listed it within
// Keep and is silent. Addresses are sorted, IPv4 first, so that a node does not move between
// polls.
func (p *poll) addStaticNode(name string, requests []*portRequest) {
	var listed, kept []Node
	var failed error // nil without an address, which the look-up has reported
	for _, r := range requests {
		source := fmt.Sprintf("node %s at epmd %s", name, r.epmd)
		nodes := p.lastAnswer(source, []Node{{name, netip.AddrPortFrom(r.epmd.Addr(), r.port)}}, r.err)
		if r.err == nil {
			listed = append(listed, nodes...)
			continue
		}
		kept = append(kept, nodes...)
		err := fmt.Errorf("epmd %s: %w", r.epmd, r.err)
		if failed != nil {
			err = fmt.Errorf("%w; %w", failed, err)
		}
		failed = err
	}
	if len(listed) > 0 {
		p.addNodes(listed[0])
		return
	}
	kept = kept[:min(1, len(kept))]
	p.addNodes(kept...)
	if failed != nil {
		p.addProblem(Problem{"node " + name, failed, len(kept)})
	}
}

// lastAnswer stores the answer of a source and returns its nodes: those of the answer, or of
// the last one within Keep if the source is silent.
func (p *poll) lastAnswer(source string, nodes []Node, err error) []Node {
	now := answer[Node]{nodes, p.now}
	switch {
	case silent(err):
		now = p.last.nodes[source]
	case err != nil:
		now.values = nil
	}
	p.next.nodes[source] = now
	if !p.recent(now.at) {
		return nil
	}
	return now.values
}

// recent reports whether an answer is younger than Keep.
func (p *poll) recent(at time.Time) bool { return p.now.Sub(at) <= p.cfg.Keep }

func (p *poll) addNodes(nodes ...Node) {
	p.report.Nodes = append(p.report.Nodes, nodes...)
}

func (p *poll) addProblem(problem Problem) {
	p.report.Problems = append(p.report.Problems, problem)
	p.next.problems[problem.Source] = problem
}

// inParallel calls do for 0 to n-1, at most 512 at a time, and returns when all calls have
// returned. Each call takes a socket; processes and select-based EPMDs usually have 1,024.
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
