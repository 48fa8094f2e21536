package erldist

import (
	"context"
	"math"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

// A Watch has a call watched: it is due when it takes long, and again shortly before its
// deadline. The function of [Conn.SetWatcher] gets the calls that are due.
type Watch struct {
	// Slow is the time after which the call is due. 0: the call is not watched.
	Slow    time.Duration
	Subject Subject
}

// A Subject is what a watched call is about.
type Subject interface {
	// Identify returns what identifies the call, and stays valid after it. It runs while
	// the call is in flight, under a lock: it must not block.
	Identify() any
	// Annotate gets each note to the call ([Conn.Annotate]), as Identify does.
	Annotate(note string)
}

// A DueCall is a watched call that takes long.
type DueCall struct {
	Pid      etf.Pid       // of its process
	Identity any           // of its Subject
	Took     time.Duration // so far
	number   uint64
}

// An AnnotatedError is the end of the ctx of a call that has a note ([Conn.Annotate]).
type AnnotatedError struct {
	Note string
	Err  error // the cause of ctx
}

func (e *AnnotatedError) Error() string { return e.Note + ": " + e.Err.Error() }
func (e *AnnotatedError) Unwrap() error { return e.Err }

const (
	maxDueCalls    = 8                      // bounds the calls that a watcher gets at once
	watchInterval  = 100 * time.Millisecond // between two runs of a watcher
	deadlineMargin = 250 * time.Millisecond // bounds the time before the deadline when a call is due
)

// never is a time that does not come.
const never = time.Duration(math.MaxInt64)

// watch is the state of the watched calls of a connection. Times are since the connection
// was made. An idle connection has no running timer, and a call starts one only if it is
// due before every other call.
type watch struct {
	since   time.Time
	watcher func([]DueCall)
	timer   *time.Timer   // nil: there is no watcher
	alarm   time.Duration // when the timer fires; never: it does not run; 0: the watcher runs
}

// SetWatcher sets the function that gets the watched calls that are due, at most 8 at once.
// It runs at most ten times a second, one at a time, and calls do not wait for it. It must
// be called before the first watched call.
func (c *Conn) SetWatcher(watcher func([]DueCall)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.watcher, c.watch.alarm = watcher, never
	c.watch.timer = time.AfterFunc(time.Hour, c.runWatcher)
	c.watch.timer.Stop()
}

// Annotate adds a note to a call, unless it has ended. If the end of its ctx ends the call,
// its error is an [*AnnotatedError].
func (c *Conn) Annotate(d DueCall, note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.calls[d.number]; p != nil && !p.abandoned {
		p.note = note
		p.subject.Annotate(note)
	}
}

// setWatch sets when a call is due.
func (c *Conn) setWatch(ctx context.Context, p *call, w Watch) {
	p.due, p.lastDue = never, never
	if w.Slow == 0 {
		return
	}
	p.subject, p.began = w.Subject, time.Since(c.watch.since)
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		p.lastDue = p.began + left - min(deadlineMargin, left/4)
	}
	p.due = min(p.began+w.Slow, p.lastDue)
}

// expect sets the alarm for a new call. The caller holds c.mu.
func (c *Conn) expect(p *call) {
	if c.watch.timer != nil && p.due < c.watch.alarm {
		c.setAlarm(p.due)
	}
}

func (c *Conn) setAlarm(at time.Duration) {
	c.watch.alarm = at
	if at < never {
		c.watch.timer.Reset(at - time.Since(c.watch.since))
	}
}

// runWatcher runs when the alarm goes off.
func (c *Conn) runWatcher() {
	if due := c.takeDue(); len(due) > 0 {
		c.watch.watcher(due)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := never
	for _, p := range c.calls {
		next = min(next, p.due)
	}
	if next < never {
		next = max(next, time.Since(c.watch.since)+watchInterval)
	}
	c.setAlarm(next)
}

// takeDue returns calls that are due.
func (c *Conn) takeDue() (due []DueCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.alarm = 0
	now := time.Since(c.watch.since)
	for n, p := range c.calls {
		switch {
		case len(due) == maxDueCalls:
			return due
		case p.abandoned:
			p.due = never
			continue
		case p.due > now || p.pid == (etf.Pid{}):
			continue
		}
		due = append(due, DueCall{p.pid, p.subject.Identify(), now - p.began, n})
		if p.due = p.lastDue; p.due <= now {
			p.due = never
		}
	}
	return due
}
