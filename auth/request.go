package auth

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// A Request is what there is to tell by who is asking.
type Request struct {
	// Peer is at the other end of the connection; not valid where that has no
	// address.
	Peer netip.Addr
	// Trusted says that Peer is one of trusted_proxies: what it says of others
	// counts.
	Trusted bool
	// ClientAddress is the client's address: Peer, or what trusted proxies say in
	// X-Forwarded-For.
	Client netip.Addr
	Header http.Header
	// Certificate is the client's, verified and still good; nil if it showed none.
	Certificate *x509.Certificate
	// ID is in the log and in the answer.
	ID string
	// TraceID is that of the client's trace (W3C Trace Context, 32 hexadecimal
	// digits), or empty.
	TraceID string
}

// TrustedProxies are the networks of trusted_proxies.
type TrustedProxies []netip.Prefix

// Contains says whether an address is in one of the networks.
func (p TrustedProxies) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("") // an address with a zone is in no network
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// ClientAddress is the address of the client behind a peer: the peer's own, or where that
// is a proxy, the last in X-Forwarded-For that is none. Who is not a proxy can
// write there what it likes.
func (p TrustedProxies) ClientAddress(peer netip.Addr, header http.Header) netip.Addr {
	forwarded := strings.Join(header["X-Forwarded-For"], ",")
	for more := true; more && p.Contains(peer); {
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

// parseForwarded reads an address, after which some proxies write the port.
func parseForwarded(text string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr, nil
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr(), err
}
