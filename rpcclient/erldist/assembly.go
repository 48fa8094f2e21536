package erldist

import (
	"fmt"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxAssemblies bounds the fragmented messages in progress. Each takes some hundred
// bytes, whatever its content. A process of the peer sends one at a time, so real
// peers stay below the bound.
const maxAssemblies = 1 << 16

// assembly is a fragmented message in progress. The fragments for a pending call or a
// mailbox are collected, those of anything else counted and dropped.
type assembly struct {
	next     uint64      // the fragment id expected next
	to       destination // none when the message is being dropped
	expected bool        // space for the whole message is reserved
	reserved int         // bytes of the fields below, bounded by Options.MaxReassembly
	bytes    []byte
	atoms    []string
}

// first begins an assembly with the first fragment of a message.
func (r *reader) first(h header, m control, payload etf.Term) error {
	if _, ok := r.assemblies[h.sequence]; ok {
		return &FrameError{2, fmt.Sprintf("fragment sequence %#x begins twice", h.sequence)}
	}
	if len(r.assemblies) == maxAssemblies {
		return &FrameError{2, fmt.Sprintf("more than %d fragmented messages at once", maxAssemblies)}
	}
	a := &assembly{next: h.fragment}
	r.assemblies[h.sequence] = a
	if to := r.conn.destination(m); r.conn.isPending(to) {
		a.to = to
		if n := atomBytes(payload.Atoms); r.fits(a, n) && r.reserve(a, n) {
			a.atoms = slices.Clone(payload.Atoms)
		}
	}
	r.fragment(h, a, payload)
	return nil
}

// expect allocates space for the fragments to come, the next of which has size bytes,
// or refuses the message if it will be too long. The second fragment triggers it: an
// Erlang node makes all fragments equally long, except the first, which has the
// control message, and the last.
func (r *reader) expect(a *assembly, fragments uint64, size int) {
	a.expected = true
	left := r.conn.options.MaxMessage - len(a.bytes)
	switch {
	case size == 0 || !r.conn.isPending(a.to):
	case (fragments - 1) > uint64(left/size):
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: r.conn.options.MaxMessage})
	default:
		r.enlarge(a, len(a.bytes)+min(int(fragments)*size, left))
	}
}

func (r *reader) continuation(h header, payload etf.Term) error {
	a, ok := r.assemblies[h.sequence]
	if !ok {
		return &FrameError{2, fmt.Sprintf("fragment of the unknown sequence %#x", h.sequence)}
	}
	if h.fragment != a.next {
		return &FrameError{10, fmt.Sprintf("fragment %d where %d was expected", h.fragment, a.next)}
	}
	if a.to != (destination{}) && !a.expected {
		r.expect(a, h.fragment, len(payload.Bytes))
	}
	r.fragment(h, a, payload)
	return nil
}

// fragment takes the expected fragment of a, and delivers the message with the last one.
func (r *reader) fragment(h header, a *assembly, payload etf.Term) {
	a.next--
	r.collect(a, payload.Bytes)
	if a.next > 0 {
		return
	}
	delete(r.assemblies, h.sequence)
	if a.to != (destination{}) {
		r.collected -= a.reserved
		r.conn.deliver(a.to, &Payload{
			Term:  etf.Term{Bytes: a.bytes, Atoms: a.atoms},
			bytes: a.bytes, atoms: a.atoms,
			memory: r.conn.options.Memory, reserved: a.reserved,
		})
	}
}

// collect appends a fragment to a. It drops the message if its call was abandoned or its mailbox closed, and
// refuses it if it is too long.
func (r *reader) collect(a *assembly, fragment []byte) {
	size := len(a.bytes) + len(fragment)
	switch {
	case a.to == (destination{}):
	case !r.conn.isPending(a.to):
		r.drop(a)
	case size > r.conn.options.MaxMessage:
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: r.conn.options.MaxMessage})
	case size <= cap(a.bytes) || r.enlarge(a, min(max(size, 2*cap(a.bytes)), r.conn.options.MaxMessage)):
		a.bytes = append(a.bytes, fragment...)
	}
}

// enlarge gives a space for size bytes, or refuses the message.
func (r *reader) enlarge(a *assembly, size int) bool {
	former := cap(a.bytes)
	if !r.fits(a, size-former) || !r.reserve(a, size) {
		return false
	}
	a.bytes = append(makeUncleared(size), a.bytes...)
	r.collected -= former
	a.reserved -= former
	r.conn.options.Memory.Release(former)
	return true
}

// fits refuses the message if n more bytes exceed MaxReassembly.
func (r *reader) fits(a *assembly, n int) bool {
	if most := r.conn.options.MaxReassembly; r.collected+n > most {
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: most, Total: true})
		return false
	}
	return true
}

// reserve reserves memory for n more bytes of a. It refuses the message if there is
// none.
func (r *reader) reserve(a *assembly, n int) bool {
	if !r.conn.options.Memory.Reserve(n) {
		r.refuse(a, &NoMemoryError{r.conn.peer.Name})
		return false
	}
	r.collected += n
	a.reserved += n
	return true
}

// refuse fails the call of a, or tells its mailbox of the missing message, and drops the
// message.
func (r *reader) refuse(a *assembly, reason error) {
	r.conn.deliver(a.to, &Payload{lost: reason})
	r.drop(a)
}

// drop frees what a holds. Its later fragments are only counted.
func (r *reader) drop(a *assembly) {
	r.collected -= a.reserved
	r.conn.options.Memory.Release(a.reserved)
	*a = assembly{next: a.next}
}

// sweep drops the messages of calls that were abandoned, and of mailboxes that were
// closed, since the last sweep. Their fragments may have stopped coming.
func (r *reader) sweep() {
	if !r.conn.sweepDue.CompareAndSwap(true, false) {
		return
	}
	for _, a := range r.assemblies {
		if a.to != (destination{}) && !r.conn.isPending(a.to) {
			r.drop(a)
		}
	}
}

// dropAll drops every message at the end of the connection.
func (r *reader) dropAll() {
	for _, a := range r.assemblies {
		r.drop(a)
	}
}

// atomBytes estimates the size of a header's atoms. The atom cache shares them until
// the peer replaces its entries.
func atomBytes(atoms []string) int {
	n := 0
	for _, atom := range atoms {
		n += 16 + len(atom)
	}
	return n
}
