package erldist

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// readBuffer holds a fragment of 64 KiB with its headers, so that no frame of an
// Erlang node needs a second copy.
const readBuffer = 80 << 10

// A reader parses the peer's frames. It belongs to one goroutine.
type reader struct {
	conn       *Conn
	atoms      atomCache
	assemblies map[uint64]*assembly // by sequence
	collected  int                  // bytes that the assemblies hold
}

func newReader(c *Conn) *reader {
	return &reader{conn: c, assemblies: make(map[uint64]*assembly)}
}

// counter counts the reads of the socket, for tick.
type counter struct {
	conn *Conn
}

func (r counter) Read(b []byte) (int, error) {
	n, err := r.conn.socket.Read(b)
	if n > 0 {
		r.conn.reads.Add(1)
	}
	return n, err
}

// read reads frames from the socket until it fails.
func (c *Conn) read() error {
	r := newReader(c)
	defer r.dropAll()
	in := bufio.NewReaderSize(counter{c}, readBuffer)
	for {
		length, err := in.Peek(4)
		if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(length))
		if n > c.options.MaxMessage {
			return &FrameError{0, fmt.Sprintf("length %d exceeds the limit of %d bytes", n, c.options.MaxMessage)}
		}
		in.Discard(4)
		r.sweep()
		if n == 0 { // a tick
			continue
		}
		var frame []byte
		if n <= readBuffer {
			if frame, err = in.Peek(n); err != nil {
				return err
			}
			err = r.frame(frame)
			in.Discard(n)
		} else {
			err = r.long(in, n)
		}
		if err != nil {
			return err
		}
	}
}

// long handles a frame of n bytes that exceeds the read buffer. Erlang nodes send
// none, since they fragment long messages. Memory grows with the bytes that arrive,
// not with the claimed length.
func (r *reader) long(in io.Reader, n int) error {
	memory, reserved := r.conn.options.Memory, 0
	defer func() { memory.Release(reserved) }()
	var frame []byte
	for len(frame) < n {
		size := min(n, max(2*len(frame), readBuffer))
		if !memory.Reserve(size) {
			return fmt.Errorf("%w: %d bytes", ErrNoMemory, n)
		}
		reserved += size
		longer := make([]byte, size)
		read := copy(longer, frame)
		frame = longer
		if _, err := io.ReadFull(in, frame[read:]); err != nil {
			return err
		}
	}
	return r.frame(frame)
}

// frame handles one frame, without its length. It copies what it keeps.
func (r *reader) frame(frame []byte) error {
	h, err := r.atoms.parse(frame)
	if err != nil {
		return err
	}
	body := etf.Term{Bytes: frame[h.size:], Atoms: r.atoms.refs}
	if h.tag == tagContinuation {
		return r.continuation(h, body)
	}
	d := etf.NewDecoder(body)
	m, err := parseControl(&d)
	if err != nil {
		return controlError(h.size, err)
	}
	if h.tag == tagFragment {
		return r.first(h, m, d.Rest())
	}
	return r.message(m, d.Rest())
}

func controlError(at int, err error) error {
	var e *etf.Error
	if errors.As(err, &e) {
		return &FrameError{at + e.Offset, "control message: " + e.Reason}
	}
	return &FrameError{at, "control message: " + err.Error()}
}

// message handles an unfragmented message.
func (r *reader) message(m control, payload etf.Term) error {
	switch m.op {
	case opPayloadMonitorPExit:
		r.conn.resolve(r.conn.number(m.ref), r.conn.newPayload(payload))
	case opMonitorPExit:
		r.conn.resolve(r.conn.number(m.ref), r.conn.newPayload(m.reason))
	case opSend, opSendSender:
		if to := r.conn.destination(m); r.conn.isPending(to) {
			r.conn.deliver(to, r.conn.newPayload(payload))
		}
	case opSpawnReply:
		r.conn.spawnReplied(m)
	case opSpawnRequest:
		r.conn.spawn(m, payload)
	case opPayloadExit2, opExit2:
		r.conn.exit(m.to)
	case opMonitorP:
		r.conn.monitor(m)
	}
	return nil
}

// resolve ends call n, if it has not ended yet.
func (c *Conn) resolve(n uint64, exit *Payload) {
	c.mu.Lock()
	p := c.calls[n]
	c.remove(n)
	c.mu.Unlock()
	if p == nil {
		exit.Release()
	} else {
		p.resolve(exit)
	}
}

// spawnReplied records the pid of a call's process, or fails the call.
func (c *Conn) spawnReplied(m control) {
	n := c.number(m.ref)
	if m.refused != "" {
		c.resolve(n, &Payload{lost: &RefusedError{c.peer.Name, m.refused}})
		return
	}
	c.mu.Lock()
	p := c.calls[n]
	if p == nil {
		c.mu.Unlock()
		return
	}
	p.pid = m.from
	abandoned := p.abandoned
	c.mu.Unlock()
	if abandoned {
		c.kill(n, m.from)
	}
}
