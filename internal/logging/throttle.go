package logging

import (
	"sync"
	"sync/atomic"
	"time"
)

// In each period, a message has at most linesPerMessage lines, and at most
// linesPerKey of those are about the same key. Messages past maxMessages, which are
// texts of libraries, share one budget.
const (
	period          = 10 * time.Second
	linesPerKey     = 10
	linesPerMessage = 200
	maxMessages     = 256
)

// A throttle bounds how many lines clients, nodes and other peers can cause.
type throttle struct {
	suppressed atomic.Uint64

	mu       sync.Mutex
	messages map[string]*budget
}

// A budget is what a message has had in its present period.
type budget struct {
	began      time.Time
	lines      int
	byKey      map[string]int
	suppressed int // since the latest line
}

func newThrottle() *throttle { return &throttle{messages: make(map[string]*budget)} }

// admit says whether a line is written, and if so, how many lines of its message were
// suppressed since the latest one that was.
func (t *throttle) admit(message, key string, now time.Time) (suppressed int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.budget(message)
	if now.Sub(b.began) >= period {
		b.began, b.lines, b.byKey = now, 0, make(map[string]int)
	}
	if b.lines >= linesPerMessage || b.byKey[key] >= linesPerKey {
		b.suppressed++
		t.suppressed.Add(1)
		return 0, false
	}
	b.lines++
	b.byKey[key]++
	suppressed, b.suppressed = b.suppressed, 0
	return suppressed, true
}

func (t *throttle) budget(message string) *budget {
	b := t.messages[message]
	if b == nil && len(t.messages) >= maxMessages {
		message = ""
		b = t.messages[message]
	}
	if b == nil {
		b = new(budget)
		t.messages[message] = b
	}
	return b
}
