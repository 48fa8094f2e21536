package memory

import "testing"

// A buffer counts in its account while it is open, and only then.
func TestBuffer(t *testing.T) {
	budget := NewBudget(1000)
	account := budget.Open()
	used := func(want int64) {
		t.Helper()
		if got := budget.Used(); got != want {
			t.Errorf("%d bytes are reserved, want %d", got, want)
		}
	}
	var b Buffer
	if !b.Open(account) || !b.Grow(100) || b.Grow(2000) {
		t.Error("the budget is not kept")
	}
	used(100)
	b.Bytes = append(b.Bytes, "text"...)
	if b.Grow(200); string(b.Bytes) != "text" || cap(b.Bytes) != 200 {
		t.Errorf("%q, capacity %d", b.Bytes, cap(b.Bytes))
	}
	used(200)
	b.Shrink()
	used(4)
	if !b.Renew(300, 0) || len(b.Bytes) != 0 || cap(b.Bytes) != 300 {
		t.Errorf("%q, capacity %d", b.Bytes, cap(b.Bytes))
	}
	used(300)
	b.Close(300)
	used(0)
	if !b.Open(account) || cap(b.Bytes) != 300 {
		t.Error("a kept buffer is gone")
	}
	used(300)
	b.Close(100)
	used(0)
	if cap(b.Bytes) != 0 {
		t.Error("a large buffer is kept")
	}
}

// A buffer that takes the content of another one has its memory in its own account.
func TestTake(t *testing.T) {
	budget := NewBudget(1000)
	from, to := budget.Open(), budget.Open()
	var a, b Buffer
	if !a.Open(from) || !b.Open(to) || !a.Grow(600) || !b.Grow(100) {
		t.Fatal("no memory")
	}
	a.Bytes = append(a.Bytes, "text"...)
	b.Take(&a)
	if string(b.Bytes) != "text" || cap(a.Bytes) != 0 {
		t.Errorf("%q, and a capacity of %d is left", b.Bytes, cap(a.Bytes))
	}
	from.Close()
	if used := budget.Used(); used != 600 {
		t.Errorf("%d bytes are reserved, want 600", used)
	}
	to.Close()
	if used := budget.Used(); used != 0 {
		t.Errorf("%d bytes are left over", used)
	}
}

// Shared bytes count in the account of each buffer, and stay as they are when a buffer is used
// again.
func TestShare(t *testing.T) {
	budget := NewBudget(1000)
	const text = "an answer"
	shared := []byte(text)
	use := func(reuse func(b *Buffer)) {
		t.Helper()
		account := budget.Open()
		var b Buffer
		if !b.Open(account) || !b.Share(shared) || string(b.Bytes) != text {
			t.Fatalf("%q", b.Bytes)
		}
		if used := budget.Used(); used != int64(len(text)) {
			t.Errorf("%d bytes are reserved", used)
		}
		reuse(&b)
		b.Bytes = append(b.Bytes, "another"...)
		b.Close(100)
		account.Close()
		if used := budget.Used(); string(shared) != text || used != 0 {
			t.Errorf("%q, %d bytes are left over", shared, used)
		}
	}
	use(func(b *Buffer) { b.Renew(1, 0) })
	use(func(b *Buffer) { b.Drop(); b.Grow(7) })
	use(func(b *Buffer) { b.Grow(2 * len(text)) })
	use(func(b *Buffer) { b.Grow(len(text)); b.Bytes = b.Bytes[:0] })
	use(func(b *Buffer) { b.Shrink(); b.Bytes = b.Bytes[:0] })
	use(func(b *Buffer) {
		account := b.account
		b.Close(100)
		b.Open(account)
		b.Grow(7)
	})
	var b Buffer
	if b.Open(budget.Open()); b.Share(make([]byte, 1001)) {
		t.Error("there was memory")
	}
}

// A buffer without memory to open it releases nothing when it closes.
func TestBufferWithoutMemory(t *testing.T) {
	budget := NewBudget(1000)
	b := Buffer{Bytes: make([]byte, 0, 600)}
	other := budget.Open()
	other.Reserve(500)
	if b.Open(budget.Open()) {
		t.Error("there was memory")
	}
	b.Close(600)
	if got := budget.Used(); got != 500 {
		t.Errorf("%d bytes are reserved, want 500", got)
	}
}
