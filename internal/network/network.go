// Package network tells the networks of clients apart.
package network

import "net/netip"

// Of returns the network that one client has to itself: an IPv4 address, or 64 bits of
// IPv6 (RFC 6177).
func Of(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // fails for an invalid address, which has no network
	return prefix
}

// OfPeer returns the network of an address with a port, as net/http has it.
func OfPeer(hostport string) netip.Prefix {
	addr, _ := netip.ParseAddrPort(hostport)
	return Of(addr.Addr())
}
