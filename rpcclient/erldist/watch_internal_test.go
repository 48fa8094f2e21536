package erldist

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/louche-graphql/louche/rpcclient/etf"
)

type subject string

func (s subject) Identify() any { return string(s) }
func (subject) Annotate(string) {}

// watched registers a call whose process is known.
func watched(ctx context.Context, c *Conn, slow time.Duration) (uint64, *call) {
	p := &call{exit: make(chan *Payload, 1)}
	c.setWatch(ctx, p, Watch{slow, subject("a call")})
	n := c.register(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	p.pid = etf.Pid{ID: 1}
	return n, p
}

// abandoned marks a call as abandoned.
func abandoned(c *Conn, n uint64, p *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.markAbandoned(n, p)
}

// watching returns a connection and the runs of its watcher: when, and with how many calls.
func watching() (*Conn, *[]time.Duration, *[]DueCall) {
	c := New(nil, Node{}, Peer{}, Options{})
	at, due := new([]time.Duration), new([]DueCall)
	c.SetWatcher(func(calls []DueCall) {
		*at = append(*at, time.Since(c.watch.since))
		*due = append(*due, calls...)
	})
	return c, at, due
}

func TestCallsAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, at, due := watching()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		watched(ctx, c, time.Second)
		watched(t.Context(), c, 0) // not watched
		ended, _ := watched(ctx, c, time.Second)
		c.resolve(ended, &Payload{lost: ErrClosed})
		left, p := watched(ctx, c, time.Second)
		abandoned(c, left, p)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(*at) != 2 || (*at)[0] != time.Second || (*at)[1] != 10*time.Second-deadlineMargin {
			t.Errorf("due at %v", *at)
		}
		if d := (*due)[0]; d.Identity != "a call" || d.Took != time.Second || d.Pid.ID != 1 {
			t.Errorf("%+v", d)
		}
		if c.watch.alarm != never {
			t.Errorf("the alarm is set for %v", c.watch.alarm)
		}
	})
}

// A call with a short deadline is due before earlier calls.
func TestShortDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, at, _ := watching()
		watched(t.Context(), c, time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		watched(ctx, c, time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(*at) != 2 || (*at)[0] != 300*time.Millisecond || (*at)[1] != time.Second {
			t.Errorf("due at %v", *at)
		}
	})
}

func TestWatcherIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, at, due := watching()
		for range 2*maxDueCalls + 1 {
			watched(t.Context(), c, time.Second)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(*at) != 3 || len(*due) != 2*maxDueCalls+1 || (*at)[1]-(*at)[0] != watchInterval {
			t.Errorf("%d calls at %v", len(*due), *at)
		}
	})
}

// A call that ends while its watcher runs gets no note.
func TestAnnotate(t *testing.T) {
	c := New(nil, Node{}, Peer{}, Options{})
	n, p := watched(t.Context(), c, time.Second)
	c.Annotate(DueCall{number: n}, "first")
	abandoned(c, n, p)
	c.Annotate(DueCall{number: n}, "second")
	c.Annotate(DueCall{number: n + 1}, "none")
	if p.note != "first" {
		t.Errorf("the note is %q", p.note)
	}
}
