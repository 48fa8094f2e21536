package server

import "net/netip"

// openConnections counts the connections of one listener, in all and by the network of their
// client.
type openConnections struct {
	total int
	of    map[netip.Prefix]int
}

func newOpenConnections() openConnections { return openConnections{of: make(map[netip.Prefix]int)} }

func (o *openConnections) add(network netip.Prefix) {
	o.total++
	o.of[network]++
}

func (o *openConnections) remove(network netip.Prefix) {
	o.total--
	if o.of[network]--; o.of[network] == 0 {
		delete(o.of, network)
	}
}
