package discovery

import (
	"net/netip"
	"time"
)

// state is the result of a poll that the next one needs: the last answer of each source. It
// does not change after the poll.
type state struct {
	addrs    map[string][]answer[netip.Addr] // by host, one for each family
	nodes    map[string]answer[Node]         // by EPMD, or by static node and EPMD
	problems map[string]Problem              // by Problem.Source
	offered  map[string]bool                 // names of the reported nodes
}

// answer is the last answer of a source; zero: it has never answered.
type answer[T any] struct {
	values []T
	at     time.Time // start of the poll
}

// Inherit copies the state of from, which has a former configuration, so that the nodes of
// silent sources stay after a reload. Call it before Watch. The Watch of from may still run.
func (d *Discovery) Inherit(from *Discovery) {
	inherited := *from.state.Load()
	if from.cfg.Prefix != d.cfg.Prefix {
		inherited.nodes = nil // the same EPMDs list other nodes
	}
	d.state.Store(&inherited)
}
