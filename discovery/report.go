package discovery

import (
	"errors"
	"net/netip"
)

// Report is what one poll found. It is whole: what an earlier one said is void.
type Report struct {
	// Nodes holds the nodes to connect to: those listed now, and those listed last
	// by a source that has been silent for no longer than Config.Keep. It is sorted by
	// name; no name is in it twice, and each address is one of Addrs.
	Nodes []Node

	// Addrs holds the addresses where nodes may be, sorted: what DNS says now, or said
	// last of a host and family whose look-up fails, for however long. A node at an
	// address that is not here is gone. One that is merely missing from Nodes may
	// live: its EPMD lists it no more, or nobody has spoken of it for Config.Keep.
	Addrs []netip.Addr

	// Problems holds each source that failed, or had no node to offer, and why. A
	// report with problems may still have targets.
	Problems []Problem
}

// Problem says why one source gave no nodes.
type Problem struct {
	// Source is what was asked: "dns my-app.internal", "epmd 10.0.0.1:4369" or, of
	// the static list, "node my-app@127.0.0.1".
	Source string

	// Err wraps one of the errors of this package that say what kind of problem it
	// is, and its cause, such as a [*net.DNSError], where there is one.
	Err error

	// Kept counts what the source said before it fell silent and is still in the
	// report: nodes, or of a DNS look-up addresses.
	Kept int
}

// The kinds of problem.
var (
	// ErrLookup: DNS did not answer, or has no address for the host.
	ErrLookup = errors.New("DNS look-up failed")

	// ErrUnreachable: no whole answer came from EPMD in time.
	ErrUnreachable = errors.New("EPMD unreachable")

	// ErrMalformed: what came is not the answer of an EPMD.
	ErrMalformed = errors.New("malformed EPMD answer")

	// ErrNoMatch: EPMD answered, and lists no node with the prefix.
	ErrNoMatch = errors.New("no node with the prefix")

	// ErrNotRegistered: EPMD answered, and does not know the listed node.
	ErrNotRegistered = errors.New("EPMD does not know the node")

	// ErrTooMany: there are more nodes or addresses than Config.MaxNodes; the others are
	// left out.
	ErrTooMany = errors.New("more than max_nodes")

	// ErrTooOld: the listed node speaks only versions of the distribution protocol
	// below 6.
	ErrTooOld = errors.New("node is too old, it needs OTP 23 or later")
)

var kinds = []error{ErrLookup, ErrUnreachable, ErrMalformed, ErrNoMatch, ErrNotRegistered, ErrTooMany, ErrTooOld}

// kind is the first of kinds that the problem is. Unlike the whole error, which
// may hold port numbers that differ from poll to poll, it stays the same while
// the problem lasts.
func (p Problem) kind() error {
	for _, kind := range kinds {
		if errors.Is(p.Err, kind) {
			return kind
		}
	}
	return nil
}

// silent reports whether err means that a source did not say which nodes there
// are, rather than that there are none.
func silent(err error) bool {
	return errors.Is(err, ErrLookup) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrMalformed)
}
