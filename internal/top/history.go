package top

import (
	"cmp"
	"slices"
)

const (
	// window is the number of samples that rates are computed over: ten seconds.
	window = 11
	// goneFor is how long a node stays that the gateway no longer has, in seconds.
	goneFor = 60
)

// history has the latest samples, and the nodes that are gone.
type history struct {
	samples []Sample // the oldest first
	gone    []goneNode
}

// goneNode is a node that the gateway no longer has.
type goneNode struct {
	path  string
	node  Node
	since float64 // uptime of the gateway
}

// with returns the history with one more sample. It begins again when the gateway restarts.
func (h history) with(s Sample) history {
	before := h.now()
	if before == nil || s.UptimeSeconds < before.UptimeSeconds {
		return history{samples: []Sample{s}}
	}
	return history{
		samples: append(slices.Clone(h.samples[max(0, len(h.samples)-window+1):]), s),
		gone:    h.goneAt(before, &s),
	}
}

// goneAt returns the nodes that are gone, some of which the sample before still had.
func (h history) goneAt(before, now *Sample) (gone []goneNode) {
	for _, g := range h.gone {
		if now.UptimeSeconds-g.since <= goneFor && now.node(g.path, g.node.Name) == nil {
			gone = append(gone, g)
		}
	}
	for _, app := range before.Apps {
		for _, node := range app.Nodes {
			if now.node(app.Path, node.Name) == nil {
				gone = append(gone, goneNode{app.Path, node, now.UptimeSeconds})
			}
		}
	}
	return gone
}

// now returns the latest sample; nil: there is none.
func (h history) now() *Sample {
	if len(h.samples) == 0 {
		return nil
	}
	return &h.samples[len(h.samples)-1]
}

// node returns a node of a sample; nil: it has none of this name.
func (s *Sample) node(path, name string) *Node {
	for i := range s.Apps {
		if s.Apps[i].Path != path {
			continue
		}
		for j := range s.Apps[i].Nodes {
			if n := &s.Apps[i].Nodes[j]; n.Name == name {
				return n
			}
		}
	}
	return nil
}

// ofApp returns the rates of an application's requests.
func (h history) ofApp(path string) rates {
	return h.series(func(s *Sample) *Counts {
		if counts, ok := s.Requests[path]; ok {
			return &counts
		}
		return nil
	}).rates(h.now().Bounds)
}

// ofNode returns the rates of a node's calls.
func (h history) ofNode(path string, n *Node) rates {
	return h.series(func(s *Sample) *Counts {
		if known := s.node(path, n.Name); known != nil {
			return new(known.Ended.calls())
		}
		return nil
	}).rates(n.Ended.Bounds)
}

// operation is an operation with its rates.
type operation struct {
	OperationCounters
	rates
	busy float64 // seconds of its requests in a second
}

// operations returns those of the latest sample. The ones that take most time now come first.
func (h history) operations() []operation {
	type key struct{ path, kind, name string }
	counts := make(map[*Sample]map[key]*Counts)
	for i := range h.samples {
		of := make(map[key]*Counts)
		for j := range h.samples[i].Operations {
			o := &h.samples[i].Operations[j]
			of[key{o.Path, o.Kind, o.Name}] = &o.Counts
		}
		counts[&h.samples[i]] = of
	}
	var list []operation
	for _, o := range h.now().Operations {
		s := h.series(func(s *Sample) *Counts {
			if known := counts[s][key{o.Path, o.Kind, o.Name}]; known != nil {
				return known
			}
			return new(Counts) // it is new
		})
		op := operation{OperationCounters: o, rates: s.rates(h.now().Bounds)}
		if seconds := s[len(s)-1].at - s[0].at; seconds > 0 {
			op.busy = s.counts().Seconds / seconds
		}
		list = append(list, op)
	}
	slices.SortStableFunc(list, func(a, b operation) int { return cmp.Compare(b.busy, a.busy) })
	return list
}
