package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// TrustedProxies are the networks of trusted_proxies.
type TrustedProxies []netip.Prefix

// Contains reports whether an address is in one of the networks.
func (p TrustedProxies) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("") // Prefix.Contains is false for an address with a zone
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// ClientAddress returns the address of the client behind a peer. It is the peer, unless
// that is a trusted proxy: then it is the last address in X-Forwarded-For that is not a
// trusted proxy. The addresses before it are not trustworthy, because the client can send
// them.
func (p TrustedProxies) ClientAddress(peer netip.Addr, header http.Header) netip.Addr {
	forwarded := strings.Join(header["X-Forwarded-For"], ",")
	for more := forwarded != ""; more && p.Contains(peer); {
		text := forwarded
		if i := strings.LastIndexByte(forwarded, ','); i >= 0 {
			forwarded, text = forwarded[:i], forwarded[i+1:]
		} else {
			more = false
		}
		addr, err := parseForwarded(strings.TrimSpace(text))
		if err != nil {
			return peer
		}
		peer = addr.Unmap().WithZone("")
	}
	return peer
}

// parseForwarded parses an address with or without a port, which some proxies append.
func parseForwarded(text string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, nil
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr(), err
}
