package logging

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// queueSize bounds the waiting lines, in bytes: about 4,000 lines.
const queueSize = 1 << 20

// A queue writes lines from its own goroutine. Its Write never blocks: if the queue is full,
// it drops and counts the line.
type queue struct {
	out     io.Writer
	resumed func(dropped uint64) // called when a write succeeds after dropped lines
	wake    chan struct{}        // capacity 1
	done    chan struct{}        // closed at the end of the goroutine
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []byte // complete lines
	closing bool
}

func newQueue(out io.Writer, resumed func(dropped uint64)) *queue {
	q := &queue{out: out, resumed: resumed, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write queues one line.
func (q *queue) Write(line []byte) (int, error) {
	q.mu.Lock()
	if len(q.waiting)+len(line) > queueSize {
		q.dropped.Add(1)
	} else {
		q.waiting = append(q.waiting, line...)
	}
	q.mu.Unlock()
	q.signal()
	return len(line), nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close ends the goroutine after all lines are written. It waits for that, up to timeout.
func (q *queue) close(timeout time.Duration) {
	q.mu.Lock()
	q.closing = true
	q.mu.Unlock()
	q.signal()
	select {
	case <-q.done:
	case <-time.After(timeout):
	}
}

func (q *queue) run() {
	defer close(q.done)
	var (
		empty    []byte // the next buffer
		flows    bool   // the latest write succeeded
		reported uint64
	)
	for range q.wake {
		lines, closing := q.swap(empty)
		dropped := q.dropped.Load()
		report := flows && dropped > reported
		if report {
			q.resumed(dropped - reported) // swap has just made room
			reported = dropped
		}
		if len(lines) > 0 {
			n, err := q.out.Write(lines)
			q.dropped.Add(uint64(bytes.Count(lines[n:], []byte("\n"))))
			flows = err == nil
			q.signal() // for lines queued meanwhile
		} else if closing && !report {
			return
		}
		empty = lines[:0]
	}
}

// swap returns the waiting lines. The next ones use the buffer empty.
func (q *queue) swap(empty []byte) (lines []byte, closing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, q.waiting = q.waiting, empty
	return lines, q.closing
}
