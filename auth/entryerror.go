package auth

import (
	"fmt"
	"net/netip"
)

// An EntryError is why the context of a request has no value for an entry. It wraps
// [ErrUnauthenticated] or [ErrInvalid], and holds no value of the request.
type EntryError struct {
	// Entry is the entry's key, after those of the maps around it: scope.tenant.
	Entry string
	// Source is where the value should have come from: the header X-User-Id.
	Source string
	// Problem is what is wrong with that: is missing.
	Problem string

	kind error
	// ignored: there was a header, but not from a trusted proxy. sender sent it.
	ignored bool
	sender  netip.Addr
}

// Error is for the log, and may name the peer that is no trusted proxy.
func (e *EntryError) Error() string {
	switch {
	case e.ignored && e.sender.IsValid():
		return fmt.Sprintf("context.%s: %s counts as missing: %v is not among trusted_proxies", e.Entry, e.Source, e.sender)
	case e.ignored:
		return fmt.Sprintf("context.%s: %s counts as missing: its sender has no address, and so is not among trusted_proxies", e.Entry, e.Source)
	}
	return fmt.Sprintf("context.%s: %s %s", e.Entry, e.Source, e.Problem)
}

func (e *EntryError) Unwrap() error { return e.kind }
