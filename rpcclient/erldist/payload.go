package erldist

import (
	"sync"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Payload is a term that the peer sent: the exit reason of a process, or a message.
type Payload struct {
	// Term is valid until Release.
	Term etf.Term

	bytes []byte
	atoms []string
	lost  error // instead of a term

	memory   Memory
	reserved int // bytes reserved of Options.Memory
}

// maxPooledPayload is the maximum size of a pooled buffer, in bytes: that of a term that
// is not fragmented.
const maxPooledPayload = readBuffer

var payloads = sync.Pool{New: func() any { return new(Payload) }}

// newPayload copies a term out of the read buffer, if there is memory for it.
func (c *Conn) newPayload(term etf.Term) *Payload {
	p := payloads.Get().(*Payload)
	held := max(cap(p.bytes), len(term.Bytes)) + atomBytes(term.Atoms)
	if !c.options.Memory.Reserve(held) {
		return &Payload{lost: &NoMemoryError{c.peer.Name}}
	}
	p.memory, p.reserved = c.options.Memory, held
	p.bytes = append(p.bytes[:0], term.Bytes...)
	p.atoms = append(p.atoms[:0], term.Atoms...)
	p.Term = etf.Term{Bytes: p.bytes, Atoms: p.atoms}
	return p
}

// Err returns why there is no Term: a [*TooLargeError] or a [*NoMemoryError]; nil: there is
// one. A payload of [Conn.Spawn] has a Term.
func (p *Payload) Err() error { return p.lost }

// Release frees the memory of Term. It must be called once if [Options.Memory] is set.
func (p *Payload) Release() {
	if p.reserved > 0 {
		p.memory.Release(p.reserved)
	}
	if p.lost != nil || cap(p.bytes) > maxPooledPayload {
		return
	}
	*p = Payload{bytes: p.bytes[:0], atoms: p.atoms[:0]}
	payloads.Put(p)
}
