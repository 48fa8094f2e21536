package memory

// A Buffer is a slice of bytes whose capacity an account holds.
type Buffer struct {
	Bytes   []byte
	account *Account
	shared  bool // others read Bytes, too, so they must not change
}

// Open empties the buffer and has the account hold its capacity. It reports whether there was
// memory for it; else the buffer stays closed.
func (b *Buffer) Open(account *Account) bool {
	b.Bytes = b.Bytes[:0]
	if !account.Reserve(cap(b.Bytes)) {
		return false
	}
	b.account = account
	return true
}

// Close releases the buffer from its account. It keeps a capacity of at most keep bytes for
// the next account. Closing a closed buffer does nothing.
func (b *Buffer) Close(keep int) {
	if b.account == nil {
		return
	}
	b.account.Release(cap(b.Bytes))
	if cap(b.Bytes) > keep || b.shared {
		b.Bytes = nil
	}
	b.account, b.shared = nil, false
}

// Grow gives the buffer, with its content, a capacity of at least n bytes. It reports
// whether there was memory for it.
func (b *Buffer) Grow(n int) bool {
	if n <= cap(b.Bytes) && !b.shared {
		return true
	}
	if !b.account.Reserve(n) {
		return false
	}
	larger := append(make([]byte, 0, n), b.Bytes...)
	b.account.Release(cap(b.Bytes))
	b.Bytes, b.shared = larger, false
	return true
}

// Shrink releases the unused capacity, where there is memory to copy the content.
func (b *Buffer) Shrink() {
	if b.account.Reserve(len(b.Bytes)) {
		smaller := append(make([]byte, 0, len(b.Bytes)), b.Bytes...)
		b.account.Release(cap(b.Bytes))
		b.Bytes, b.shared = smaller, false
	}
}

// Drop releases the content.
func (b *Buffer) Drop() {
	b.account.Release(cap(b.Bytes))
	b.Bytes, b.shared = nil, false
}

// Share replaces the content with bytes that other buffers may have, too. It reports whether
// there was memory: each buffer reserves for all of them, so that each may be the last.
func (b *Buffer) Share(bytes []byte) bool {
	b.Drop()
	if !b.account.Reserve(len(bytes)) {
		return false
	}
	b.Bytes, b.shared = bytes[:len(bytes):len(bytes)], true
	return true
}

// Take replaces the content with that of another buffer, which becomes empty.
func (b *Buffer) Take(from *Buffer) {
	b.Drop()
	b.account.Transfer(cap(from.Bytes))
	b.Bytes = from.Bytes
	from.Drop()
}

// Renew empties the buffer and gives it a capacity of at least n bytes, of which paid are
// reserved elsewhere (see [Buffer.ReservePaid]).
func (b *Buffer) Renew(n, paid int) bool {
	if b.shared {
		b.Drop()
	}
	b.Bytes = b.Bytes[:0]
	if n <= cap(b.Bytes) {
		return true
	}
	b.Drop()
	if !b.ReservePaid(n, paid) {
		return false
	}
	b.Bytes = make([]byte, 0, n)
	return true
}

// ReservePaid reserves n bytes for the account of the buffer, of which paid are reserved
// elsewhere and about to be released there.
func (b *Buffer) ReservePaid(n, paid int) bool {
	paid = max(0, min(n, paid))
	if !b.account.Reserve(n - paid) {
		return false
	}
	b.account.Transfer(paid)
	return true
}

// Release gives back n bytes that ReservePaid took.
func (b *Buffer) Release(n int) { b.account.Release(n) }
