package auth

import (
	"fmt"
	"net/netip"
)

// A ContextFieldError is the reason for which a field of the context has no value. It
// wraps [ErrUnauthenticated] or [ErrInvalidValue]. It contains no value of the request.
type ContextFieldError struct {
	// Field is the path of the field, such as scope.tenant.
	Field string
	// Source is the source of the value, such as "the header X-User-Id".
	Source string
	// Problem is the problem of the source, such as "is missing".
	Problem string

	kind error
	// headerIgnored: the request has the header, and sender is not a trusted proxy.
	headerIgnored bool
	sender        netip.Addr
}

// Error is for the log. It may contain the address of the peer.
func (e *ContextFieldError) Error() string {
	switch {
	case e.headerIgnored && e.sender.IsValid():
		return fmt.Sprintf("context.%s: %s counts as missing: %v is not in trusted_proxies", e.Field, e.Source, e.sender)
	case e.headerIgnored:
		return fmt.Sprintf("context.%s: %s counts as missing: the peer has no address, so it is not in trusted_proxies", e.Field, e.Source)
	}
	return fmt.Sprintf("context.%s: %s %s", e.Field, e.Source, e.Problem)
}

func (e *ContextFieldError) Unwrap() error { return e.kind }
