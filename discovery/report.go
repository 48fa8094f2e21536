package discovery

import (
	"errors"
	"net/netip"
)

// Report is the complete result of one poll. It replaces earlier ones.
type Report struct {
	// Nodes lists the nodes to connect to, sorted by unique name: those of the sources
	// that answered, and those of silent sources within Config.Keep. Addrs contains each
	// of their addresses.
	Nodes []Node

	// Addrs lists the addresses from DNS, sorted; those of the last answer, however old,
	// for a host and family whose look-up fails. A node at another address is gone. A
	// node that is only missing from Nodes may be alive: its EPMD no longer lists it, or
	// its source has been silent for longer than Config.Keep.
	Addrs []netip.Addr

	// EPMDs lists the answers of the EPMDs that were asked, one for each address.
	EPMDs []EPMDAnswer

	// Problems lists the sources that failed or named no node. A report may have both
	// problems and nodes.
	Problems []Problem
}

// Problem says why a source named no nodes.
type Problem struct {
	// Source is "dns my-app.internal", "epmd 10.0.0.1:4369" or, for the static list,
	// "node my-app@127.0.0.1".
	Source string

	// Err wraps one of the errors of this package, and its cause, such as a
	// [*net.DNSError], if there is one.
	Err error

	// Kept is the number of nodes, or for DNS of addresses, that the report still has
	// from the last answer of the silent source.
	Kept int
}

// Kinds of problems.
var (
	// ErrLookup: DNS did not answer, or has no address of the host.
	ErrLookup = errors.New("DNS look-up failed")

	// ErrUnreachable: EPMD did not answer completely in time.
	ErrUnreachable = errors.New("EPMD unreachable")

	// ErrMalformed: the answer is not one of EPMD.
	ErrMalformed = errors.New("malformed EPMD answer")

	// ErrNoMatch: EPMD lists no node with the prefix.
	ErrNoMatch = errors.New("no node with the prefix")

	// ErrNotRegistered: EPMD does not list the static node.
	ErrNotRegistered = errors.New("EPMD does not know the node")

	// ErrTooMany: there are more nodes or addresses than Config.MaxNodes; the report
	// omits some.
	ErrTooMany = errors.New("more than max_nodes")

	// ErrTooOld: the static node supports only versions of the distribution protocol
	// below 6.
	ErrTooOld = errors.New("node is too old, it needs OTP 23 or later")
)

var kinds = []error{ErrLookup, ErrUnreachable, ErrMalformed, ErrNoMatch, ErrNotRegistered, ErrTooMany, ErrTooOld}

// kind returns the error of kinds that Err wraps. It stays the same while the problem lasts;
// the text of Err may have port numbers that change with each poll.
func (p Problem) kind() error {
	for _, kind := range kinds {
		if errors.Is(p.Err, kind) {
			return kind
		}
	}
	return nil
}

// silent reports whether err means that the nodes of a source are unknown, rather than none.
func silent(err error) bool {
	return errors.Is(err, ErrLookup) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrMalformed)
}
