package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/louche-graphql/louche/internal/memory"
)

// A listener is the subscription of one client. Its queue bounds the results that wait for
// the client.
type listener struct {
	guest
	subscriptions *Subscriptions
	identity      string
	expires       time.Time // zero: never
	feed          *feed
	wake          chan struct{} // holds a token while the client may have to do something

	// The mu of subscriptions guards the following fields.
	queue []item
	gap   gap   // after the queue
	err   error // after the queue; nil: it goes on
}

// An item is a result in the queue of one client.
type item struct {
	gap   gap    // before the result
	event *event // nil: the gap is all there is
}

// A gap says which results a client did not get.
type gap struct {
	dropped      int  // results that are known to be missing
	resubscribed bool // the feed was not subscribed for a moment
}

func (g *gap) add(more gap) {
	g.dropped += more.dropped
	g.resubscribed = g.resubscribed || more.resubscribed
}

// An event is the JSON of a result, which all listeners of a feed share. The last one that is
// done with it releases its memory.
type event struct {
	json    []byte
	outcome eventOutcome
	memory  *memory.Budget
	holders atomic.Int32
}

func (e *event) release() {
	if e != nil && e.holders.Add(-1) == 0 {
		e.memory.Release(len(e.json))
	}
}

// put queues an item, or drops it if the queue is full. The caller holds s.mu.
func (l *listener) put(e *event, g gap) {
	s := l.subscriptions
	l.gap.add(g)
	switch {
	case e == nil:
	case len(l.queue) < s.config.Queue:
		l.queue = append(l.queue, item{l.gap, e})
		l.gap = gap{}
	default:
		l.gap.dropped++
		s.counts.Dropped.Add(1)
		e.release()
	}
	l.signal()
}

// endWith ends the subscription after what is queued; with [ErrGoingAway] at once.
func (l *listener) endWith(err error) {
	l.subscriptions.mu.Lock()
	defer l.subscriptions.mu.Unlock()
	l.err = err
	l.signal()
}

func (l *listener) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next waits for the next item, the end of the subscription or of ctx.
func (l *listener) next(ctx context.Context) (item, error) {
	for {
		if next, ok, err := l.take(); ok || err != nil {
			return next, err
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return item{}, context.Cause(ctx)
		}
	}
}

func (l *listener) take() (next item, ok bool, err error) {
	l.subscriptions.mu.Lock()
	defer l.subscriptions.mu.Unlock()
	switch {
	case l.err == ErrGoingAway:
		return next, false, l.err
	case len(l.queue) > 0:
		next = l.queue[0]
		if l.queue = l.queue[1:]; len(l.queue) == 0 {
			l.queue = nil
		}
		return next, true, nil
	case l.gap != gap{}:
		next.gap, l.gap = l.gap, gap{}
		return next, true, nil
	}
	return next, false, l.err
}

// node names the node of the feed.
func (l *listener) node() string {
	l.subscriptions.mu.Lock()
	defer l.subscriptions.mu.Unlock()
	return l.feed.node
}
