package discovery

import (
	"net/netip"
	"time"
)

// memory is what each source said when it last answered, so that its silence
// changes nothing for a time. It holds the sources of the poll that wrote it, no
// older ones, and does not change once that poll is over.
type memory struct {
	addrs    map[string][]said[netip.Addr] // by host, one for each of families
	targets  map[string]said[Node]         // by EPMD, or by static node and EPMD
	problems map[string]Problem            // by Problem.Source
	offered  map[string]bool               // names of the report's targets
}

// said is what a source said when it last answered. The zero said is that of one
// which never has.
type said[T any] struct {
	what []T
	at   time.Time // the beginning of the poll
}

// Inherit takes over what from knows, so that the first poll of d goes on from its
// last where they ask the same. It belongs before Watch; from is that of a former
// configuration, whose Watch may still run.
func (d *Discovery) Inherit(from *Discovery) {
	m := from.remembered()
	if from.cfg.Prefix != d.cfg.Prefix {
		m.targets = nil // other nodes of the same EPMDs
	}
	d.remember(m)
}

func (d *Discovery) remember(m memory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.memory = m
}

func (d *Discovery) remembered() memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.memory
}
