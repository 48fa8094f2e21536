package ratelimit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/louche-graphql/louche/internal/network"
)

// A key is the name of a counter: a prefix of the SHA-256 of its owner and rule. Redis does
// not learn either.
type key [16]byte

// A Client identifies the sender of an operation.
type Client struct {
	Address netip.Addr
	// Method, Issuer and Subject together are the identity. Method is empty if the
	// client is not authenticated.
	Method, Issuer, Subject string
	Claims                  map[string]any
}

// key returns the counter of a client. Clients without an identity, or without the claim,
// count by address.
func (r *rule) key(c *Client) key {
	switch claim := c.Claims[r.By.claim]; {
	case r.By.attribute == byIdentity && c.Method != "":
		return r.hash(byIdentity, c.Method, c.Issuer, c.Subject)
	case r.By.attribute == byClaim && claim != nil:
		return r.hash(byClaim, fmt.Sprint(claim))
	}
	return r.hash(byAddress, network.Of(c.Address).String())
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

// appendPart appends a text with its length, so that different parts give different texts.
func appendPart(b []byte, part string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}
