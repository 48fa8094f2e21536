package logging

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// queueSize is how many bytes of lines wait to be written: about 4,000 lines.
const queueSize = 1 << 20

// A queue writes lines to a writer from a goroutine of its own. Its Write never
// blocks: a line for which there is no room is dropped and counted.
type queue struct {
	out     io.Writer
	resumed func(dropped uint64) // called after a write that follows dropped lines
	wake    chan struct{}        // has room for one
	done    chan struct{}        // closed when the goroutine has ended
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []byte // whole lines
	closing bool
}

func newQueue(out io.Writer, resumed func(dropped uint64)) *queue {
	q := &queue{out: out, resumed: resumed, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write takes one line.
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

// close ends the goroutine once all lines are written, and waits for that, but no
// longer than patience.
func (q *queue) close(patience time.Duration) {
	q.mu.Lock()
	q.closing = true
	q.mu.Unlock()
	q.signal()
	select {
	case <-q.done:
	case <-time.After(patience):
	}
}

func (q *queue) run() {
	defer close(q.done)
	var (
		empty    []byte // the buffer that is filled next
		flows    bool   // the latest write succeeded
		reported uint64
	)
	for range q.wake {
		lines, closing := q.take(empty)
		dropped := q.dropped.Load()
		report := flows && dropped > reported
		if report {
			q.resumed(dropped - reported) // there is room: the lines have just been taken
			reported = dropped
		}
		if len(lines) > 0 {
			n, err := q.out.Write(lines)
			q.dropped.Add(uint64(bytes.Count(lines[n:], []byte("\n"))))
			flows = err == nil
			q.signal() // lines may have come meanwhile
		} else if closing && !report {
			return
		}
		empty = lines[:0]
	}
}

// take returns the lines that wait, and has the next ones wait in empty.
func (q *queue) take(empty []byte) (lines []byte, closing bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, q.waiting = q.waiting, empty
	return lines, q.closing
}
