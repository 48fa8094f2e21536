package dist

import (
	"fmt"
	"slices"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// maxAssemblies bounds the fragmented messages under way at once, which take some
// hundred bytes each, whatever they hold. A process of the peer sends one at a
// time, so this is more than there will be.
const maxAssemblies = 1 << 16

// pieceSize is that of the fragments an Erlang node sends.
const pieceSize = 64 << 10

// assembly is a message of which some fragments have come. Only answers that
// somebody waits for are collected; of anything else the fragments are counted
// and dropped.
type assembly struct {
	next   uint64 // the fragment id expected next
	call   uint64 // whose answer it is; 0 when the message is being dropped
	held   int    // bytes of the fields below, which Options.MaxCollected bounds
	size   int    // bytes of pieces
	pieces [][]byte
	atoms  []string
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
		if r.hold(a, atomBytes(payload.Atoms)) {
			a.atoms = slices.Clone(payload.Atoms)
		}
	}
	r.fragment(h, a, payload)
	return nil
}

func (r *reader) continuation(h header, payload etf.Term) error {
	a, ok := r.assemblies[h.sequence]
	if !ok {
		return &FrameError{2, fmt.Sprintf("fragment of the unknown sequence %#x", h.sequence)}
	}
	if h.fragment != a.next {
		return &FrameError{10, fmt.Sprintf("fragment %d where %d was expected", h.fragment, a.next)}
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
		r.conn.resolve(a.call, &Exit{pieces: a.pieces, atoms: a.atoms, memory: r.conn.options.Memory, held: a.held})
	}
}

// collect keeps the bytes of a fragment, or gives the message up when its caller
// has left or it has grown too long.
func (r *reader) collect(a *assembly, fragment []byte) {
	switch {
	case a.call == 0:
	case !r.conn.waiting(a.call):
		r.drop(a)
	case a.size+len(fragment) > r.conn.options.MaxMessage:
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: r.conn.options.MaxMessage})
	case r.hold(a, len(fragment)):
		a.append(fragment)
	}
}

// hold accounts for n more bytes that a is going to hold. It gives a up where they
// are more than all assemblies may hold together, or there is no memory for them.
func (r *reader) hold(a *assembly, n int) bool {
	if most := r.conn.options.MaxCollected; r.collected+n > most {
		r.refuse(a, &TooLargeError{Node: r.conn.peer.Name, Max: most, Together: true})
		return false
	}
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

// append copies a fragment, each byte once: what has come before is not moved.
// What a small fragment leaves of its piece the next one fills, so that a flood of
// them takes no more than twice its bytes.
func (a *assembly) append(fragment []byte) {
	if last := len(a.pieces) - 1; last >= 0 {
		piece := a.pieces[last]
		fits := min(len(fragment), cap(piece)-len(piece))
		a.pieces[last] = append(piece, fragment[:fits]...)
		a.size += fits
		fragment = fragment[fits:]
	}
	if len(fragment) > 0 {
		piece := make([]byte, 0, max(len(fragment), min(a.size, pieceSize)))
		a.pieces = append(a.pieces, append(piece, fragment...))
		a.size += len(fragment)
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
