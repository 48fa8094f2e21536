package erldist

// A destination is what a payload of the peer is for: a call that waits for its exit
// signal, or a mailbox. The zero value is none.
type destination struct {
	call    uint64
	mailbox mailboxID
}

// destination returns what the payload that follows a control message is for.
func (c *Conn) destination(m control) destination {
	switch m.op {
	case opPayloadMonitorPExit:
		return destination{call: c.number(m.ref)}
	case opSend, opSendSender:
		return destination{mailbox: c.mailboxID(m.to)}
	}
	return destination{}
}

// isPending reports whether a destination takes a payload.
func (c *Conn) isPending(d destination) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.call == 0 {
		return c.mailboxes[d.mailbox] != nil
	}
	p := c.calls[d.call]
	return p != nil && !p.abandoned
}

// deliver gives a payload to its destination, or releases it.
func (c *Conn) deliver(d destination, p *Payload) {
	if d.call != 0 {
		c.resolve(d.call, p)
		return
	}
	c.mu.Lock()
	box := c.mailboxes[d.mailbox]
	taken := box != nil && box.put(p)
	c.mu.Unlock()
	if !taken {
		p.Release()
	}
}
