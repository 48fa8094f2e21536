package logging

import (
	"sync"
	"sync/atomic"
	"time"
)

// In each period, a message has at most linesPerMessage lines, and at most linesPerKey with
// the same key. Messages past maxMessages, such as texts of libraries, share one budget.
const (
	period          = 10 * time.Second
	linesPerKey     = 10
	linesPerMessage = 200
	maxMessages     = 256
)

// A throttle bounds the lines that clients, nodes and other peers can cause.
type throttle struct {
	suppressed atomic.Uint64

	mu       sync.Mutex
	messages map[string]*budget
}

// A budget counts the lines of a message in its current period.
type budget struct {
	began      time.Time
	lines      int
	byKey      map[string]int
	suppressed int // since the last line
}

func newThrottle() *throttle { return &throttle{messages: make(map[string]*budget)} }

// allow reports whether a line is written. suppressed is the number of suppressed lines
// since the last line of the message.
func (t *throttle) allow(message, key string, now time.Time) (suppressed int, ok bool) {
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
