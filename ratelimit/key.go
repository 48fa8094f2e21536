package ratelimit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// A key is the name of a counter: the beginning of the SHA-256 of whom and what it
// counts, so that neither stands in Redis, nor has to be kept.
type key [16]byte

// A Client is who asks for an operation.
type Client struct {
	Address netip.Addr
	// Method, Issuer and Subject are an identity together. Method is empty where
	// nothing is known of the caller.
	Method, Issuer, Subject string
	Claims                  map[string]any
}

// key is the caller's for a rule. Who has no identity, or not the claim, counts by
// address.
func (r *rule) key(c *Client) key {
	switch claim := c.Claims[r.By.claim]; {
	case r.By.what == byIdentity && c.Method != "":
		return r.hash(byIdentity, c.Method, c.Issuer, c.Subject)
	case r.By.what == byClaim && claim != nil:
		return r.hash(byClaim, fmt.Sprint(claim))
	}
	return r.hash(byAddress, network(c.Address))
}

// network is an address as far as it tells callers apart: one with IPv6 has 2^64
// addresses as a rule.
func network(addr netip.Addr) string {
	if addr = addr.Unmap(); addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64)
		return prefix.String()
	}
	return addr.String()
}

func (r *rule) hash(parts ...string) (k key) {
	text := make([]byte, 0, 256)
	text = appendPart(text, r.scope)
	for _, part := range parts {
		text = appendPart(text, part)
	}
	sum := sha256.Sum256(text)
	return key(sum[:len(k)])
}

// appendPart appends a text so that it is told from what follows.
func appendPart(b []byte, part string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}
