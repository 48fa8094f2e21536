package erldist

import (
	"fmt"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxAssemblies bounds the fragmented messages under way at once, which take some
// hundred bytes each, whatever they hold. A process of the peer sends one at a
// time, so this is more than there will be.
const maxAssemblies = 1 << 16

// assembly is a message of which some fragments have come. Only answers that
// somebody waits for are collected; of anything else the fragments are counted
// and dropped.
type assembly struct {
	next     uint64 // the fragment id expected next
	call     uint64 // whose answer it is; 0 when the message is being dropped
	expected bool   // there is room for all of it
	held     int    // bytes of the fields below, which Options.MaxReassembly bounds
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
	if n := r.conn.number(m.ref); m.op == opPayloadMonitorPExit && r.conn.waiting(n) {
		a.call = n
		if n := atomBytes(payload.Atoms); r.fits(a, n) && r.hold(a, n) {
			a.atoms = slices.Clone(payload.Atoms)
		}
	}
	r.fragment(h, a, payload)
	return nil
}

// expect makes room for so many fragments that are to come, the next of which has size
// bytes, or gives the message up where it will be too long. It is called with the second
// fragment: Erlang nodes make all but the first, which has the control message, and the
// last equally long.
func (r *reader) expect(a *assembly, fragments uint64, size int) {
	a.expected = true
	left := r.conn.options.MaxMessage - len(a.bytes)
	switch {
	case size == 0 || !r.conn.waiting(a.call):
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
	if a.call != 0 && !a.expected {
		r.expect(a, h.fragment, len(payload.Bytes))
	}
	r.fragment(h, a, payload)
	return nil
}

// fragment takes in the fragment that a expects, and resolves the call with the
// last one.
func (r *reader) fragment(h header, a *assembly, payload etf.Term) {
	a.next--
	r.collect(a, payload.Bytes)
	if a.next > 0 {
		return
	}
	delete(r.assemblies, h.sequence)
	if a.call != 0 {
		r.collected -= a.held
		r.conn.resolve(a.call, &Exit{
			Reason: etf.Term{Bytes: a.bytes, Atoms: a.atoms},
			bytes:  a.bytes, atoms: a.atoms,
			memory: r.conn.options.Memory, held: a.held,
		})
	}
}

// collect keeps the bytes of a fragment, or gives the message up when its caller
// has left or it has grown too long.
func (r *reader) collect(a *assembly, fragment []byte) {
	size := len(a.bytes) + len(fragment)
	switch {
	case a.call == 0:
	case !r.conn.waiting(a.call):
		r.drop(a)
	case size > r.conn.options.MaxMessage:
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: r.conn.options.MaxMessage})
	case size <= cap(a.bytes) || r.enlarge(a, min(max(size, 2*cap(a.bytes)), r.conn.options.MaxMessage)):
		a.bytes = append(a.bytes, fragment...)
	}
}

// enlarge gives a room for size bytes in place of what it has, or gives it up.
func (r *reader) enlarge(a *assembly, size int) bool {
	former := cap(a.bytes)
	if !r.fits(a, size-former) || !r.hold(a, size) {
		return false
	}
	a.bytes = append(makeRoom(size), a.bytes...)
	r.collected -= former
	a.held -= former
	r.conn.options.Memory.Release(former)
	return true
}

// fits gives a up where with n more bytes all assemblies would hold more than they may
// together.
func (r *reader) fits(a *assembly, n int) bool {
	if most := r.conn.options.MaxReassembly; r.collected+n > most {
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: most, Total: true})
		return false
	}
	return true
}

// hold accounts for n more bytes that a is going to hold. It gives a up where there is
// no memory for them.
func (r *reader) hold(a *assembly, n int) bool {
	if !r.conn.options.Memory.Reserve(n) {
		r.refuse(a, &NoMemoryError{r.conn.peer.Name})
		return false
	}
	r.collected += n
	a.held += n
	return true
}

// refuse fails the call that a is the answer of, and drops what comes of it.
func (r *reader) refuse(a *assembly, reason error) {
	r.conn.resolve(a.call, &Exit{lost: reason})
	r.drop(a)
}

// drop lets go what a holds. Only its fragments are still counted.
func (r *reader) drop(a *assembly) {
	r.collected -= a.held
	r.conn.options.Memory.Release(a.held)
	*a = assembly{next: a.next}
}

// sweep drops what has come for calls that were given up since the last sweep: of
// some of them no fragment may come any more.
func (r *reader) sweep() {
	if !r.conn.gaveUp.CompareAndSwap(true, false) {
		return
	}
	for _, a := range r.assemblies {
		if a.call != 0 && !r.conn.waiting(a.call) {
			r.drop(a)
		}
	}
}

// dropAll drops everything at the end of the connection.
func (r *reader) dropAll() {
	for _, a := range r.assemblies {
		r.drop(a)
	}
}

// atomBytes is about what the atoms of a header take. They are shared with the
// atom cache until the peer puts others into it.
func atomBytes(atoms []string) int {
	n := 0
	for _, atom := range atoms {
		n += 16 + len(atom)
	}
	return n
}
