package auth

import (
	"fmt"
	"net/netip"
)

// A ContextFieldError is why the context of a request has no value for an entry. It wraps
// [ErrUnauthenticated] or [ErrInvalidValue], and holds no value of the request.
type ContextFieldError struct {
	// ContextField is the entry's key, after those of the maps around it: scope.tenant.
	Field string
	// Source is where the value should have come from: the header X-User-Id.
	Source string
	// Problem is what is wrong with that: is missing.
	Problem string

	kind error
	// headerIgnored: there was a header, but not from a trusted proxy. sender sent it.
	headerIgnored bool
	sender        netip.Addr
}

// Error is for the log, and may name the peer that is no trusted proxy.
func (e *ContextFieldError) Error() string {
	switch {
	case e.headerIgnored && e.sender.IsValid():
		return fmt.Sprintf("context.%s: %s counts as missing: %v is not among trusted_proxies", e.Field, e.Source, e.sender)
	case e.headerIgnored:
		return fmt.Sprintf("context.%s: %s counts as missing: its sender has no address, and so is not among trusted_proxies", e.Field, e.Source)
	}
	return fmt.Sprintf("context.%s: %s %s", e.Field, e.Source, e.Problem)
}

func (e *ContextFieldError) Unwrap() error { return e.kind }
