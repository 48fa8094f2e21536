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
