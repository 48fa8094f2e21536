package erldist

import (
	"cmp"
	"context"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Mailbox is a pid of this side with the messages that processes of the peer send to it.
// Messages to all other pids are dropped.
type Mailbox struct {
	// Pid is the pid to send to.
	Pid etf.Pid

	conn     *Conn
	messages chan *Payload
}

// mailboxID identifies a mailbox of a connection: serial number and id of its pid. The
// serial numbers of processes of a [Handler] are 0, those of mailboxes are not. The zero
// value is none.
type mailboxID struct{ serial, id uint32 }

// OpenMailbox opens a mailbox for at most capacity messages that have not been received.
// More are dropped. [Mailbox.Close] must be called.
func (c *Conn) OpenMailbox(capacity int) *Mailbox {
	box := &Mailbox{conn: c, messages: make(chan *Payload, capacity)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastMailbox.id++; c.lastMailbox.id == 0 || c.lastMailbox.serial == 0 {
		c.lastMailbox.serial++
	}
	box.Pid = c.self
	box.Pid.ID, box.Pid.Serial = c.lastMailbox.id, c.lastMailbox.serial
	c.mailboxes[c.lastMailbox] = box
	return box
}

// mailboxID returns the mailbox that a pid may belong to.
func (c *Conn) mailboxID(pid etf.Pid) mailboxID {
	if pid.Node != c.local.Name || pid.Creation != c.local.Creation || pid.Serial == 0 {
		return mailboxID{}
	}
	return mailboxID{pid.Serial, pid.ID}
}

// put reports whether the mailbox has taken a message. The caller holds the mu of the
// connection.
func (m *Mailbox) put(p *Payload) bool {
	select {
	case m.messages <- p:
		return true
	default:
		return false
	}
}

// Messages are the messages in the order in which their sender sent them. Each must be
// released.
func (m *Mailbox) Messages() <-chan *Payload { return m.messages }

// Close closes the mailbox and releases its messages. The channel of Messages stays open.
func (m *Mailbox) Close() {
	c := m.conn
	c.mu.Lock()
	delete(c.mailboxes, mailboxID{m.Pid.Serial, m.Pid.ID})
	c.sweepDue.Store(true)
	c.mu.Unlock()
	for {
		select {
		case p := <-m.messages:
			p.Release()
		default:
			return
		}
	}
}

// Send sends a message, an encoded term without version byte, to a process of the peer. It
// does not wait: messages beyond what the peer reads end the connection. Atoms in the
// message are never freed on the peer.
func (c *Conn) Send(to etf.Pid, message []byte) {
	c.signal(func(b []byte) []byte { return append(appendSend(b, to), message...) })
}

// SendPiece is Send for one of many large messages. It waits for the pieces before it, so
// that other messages and calls pass them. Errors are the cause of ctx and [*LostError].
func (c *Conn) SendPiece(ctx context.Context, to etf.Pid, message []byte) error {
	err := c.out.putPiece(ctx, framed(func(b []byte) []byte { return append(appendSend(b, to), message...) }))
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &LostError{Node: c.peer.Name, Err: cmp.Or(c.Err(), ErrClosed)}
}
