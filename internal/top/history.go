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

// seconds is the time from the first sample to the latest.
func (h history) seconds() float64 { return h.now().UptimeSeconds - h.samples[0].UptimeSeconds }

// ofApp returns the rates of an application's requests.
func (h history) ofApp(path string) rates {
	return ratesOf(h.samples[0].Requests[path], h.now().Requests[path], h.seconds())
}

// ofNode returns the rates of a node's calls, since the first sample that has it.
func (h history) ofNode(path string, n *Node) rates {
	for i := range h.samples {
		if known := h.samples[i].node(path, n.Name); known != nil {
			return ratesOf(known.Ended, n.Ended, h.now().UptimeSeconds-h.samples[i].UptimeSeconds)
		}
	}
	return ratesOf(n.Ended, n.Ended, 0)
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
	before := make(map[key]OperationCounters)
	for _, o := range h.samples[0].Operations {
		before[key{o.Path, o.Kind, o.Name}] = o
	}
	var list []operation
	for _, o := range h.now().Operations {
		was := before[key{o.Path, o.Kind, o.Name}] // the zero value: it is new
		if was.Requests > o.Requests || len(was.Histogram) != len(o.Histogram) {
			was = OperationCounters{Histogram: make([]uint64, len(o.Histogram))}
		}
		buckets := make([]uint64, len(o.Histogram))
		for i := range buckets {
			buckets[i] = o.Histogram[i] - was.Histogram[i]
		}
		op := operation{OperationCounters: o, rates: newRates(o.Requests-was.Requests, o.Failed-was.Failed, h.now().Bounds, buckets, h.seconds())}
		if h.seconds() > 0 {
			op.busy = (o.Seconds - was.Seconds) / h.seconds()
		}
		list = append(list, op)
	}
	slices.SortStableFunc(list, func(a, b operation) int { return cmp.Compare(b.busy, a.busy) })
	return list
}
