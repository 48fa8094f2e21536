package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/louche-graphql/louche/auth"
	"github.com/louche-graphql/louche/gateway/operation"
	"github.com/louche-graphql/louche/internal/memory"
)

// A feed is one subscribed operation with its listeners. It subscribes again on another node
// when its node goes.
type feed struct {
	subscriptions *Subscriptions
	key           callKey
	run           run // its own, as that of a sharedCall
	result        operation.Result
	account       *memory.Account
	cancel        context.CancelFunc
	accepted      chan struct{} // closed when the operation is subscribed, or has ended
	subscribed    bool          // final when accepted is closed

	// The mu of subscriptions guards the following fields.
	listeners map[*listener]struct{}
	node      string
	waits     bool // to be subscribed
}

// An eventOutcome is what a result says of itself.
type eventOutcome struct {
	hasData bool
	outcome operation.Outcome
}

// errEnded ends a subscription that the application has ended.
var errEnded = errors.New("the subscription has ended")

// newFeed starts a feed with copies of what its first client does not leave behind. The
// caller holds s.mu.
func (s *Subscriptions) newFeed(key callKey, first *run) (*feed, error) {
	f := &feed{subscriptions: s, key: key, account: s.memory.Open(), accepted: make(chan struct{}), listeners: make(map[*listener]struct{})}
	call := first.call
	if !f.account.Reserve(len(call.Variables) + len(call.Context) + len(call.Claims) + len(call.Request)) {
		return nil, operation.Overloaded
	}
	caller := &Caller{Request: auth.Request{ID: first.caller.Request.ID}}
	f.run = run{Engine: first.Engine, caller: caller, result: &f.result, document: first.document, operation: first.operation, call: call}
	f.run.call.Variables, f.run.call.Context, f.run.call.Claims = bytes.Clone(call.Variables), bytes.Clone(call.Context), bytes.Clone(call.Claims)
	f.run.call.report = &f.result.Report
	var ctx context.Context
	ctx, f.cancel = context.WithCancel(context.Background())
	go f.serve(ctx)
	return f, nil
}

// serve subscribes the operation and publishes its results until all listeners have left, or
// the application ends it.
func (f *feed) serve(ctx context.Context) {
	var err error
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		f.end(err)
	}()
	for backoff := newBackoff(); ; {
		var source Source
		source, err = f.subscribe(ctx)
		if source != nil {
			backoff.reset()
			err = f.publish(ctx, source)
			source.Close()
		} else if f.subscribed && backoff.tries == 1 {
			f.run.Log.Warn("subscription waits for a node", "path", f.run.Path, "error", err)
		}
		if ctx.Err() != nil || !f.repeats(err, backoff.tries) {
			return
		}
		f.setWaits()
		if !backoff.wait(ctx) {
			return
		}
	}
}

// subscribe subscribes the operation. An answer of the application is the last result; so is
// the refusal of an operation that fits the schema of no node any more.
func (f *feed) subscribe(ctx context.Context) (Source, error) {
	ctx, cancel := context.WithTimeout(ctx, f.subscriptions.timeout)
	defer cancel()
	if refusal := f.validate(); refusal != nil {
		f.close()
		f.broadcast(f.newEvent(refusal, eventOutcome{outcome: operation.NotExecuted}), gap{})
		return nil, errEnded
	}
	source, answer, err := f.subscriptions.publisher.Subscribe(ctx, &f.run.call)
	if err != nil {
		return nil, err
	}
	if answer != nil {
		f.close()
		f.put(ctx, answer, 0)
		return nil, errEnded
	}
	f.setNode(source.Node())
	if f.subscribed {
		f.subscriptions.counts.Resubscribed.Add(1)
		f.broadcast(nil, gap{resubscribed: true})
	} else {
		f.subscribed = true
		close(f.accepted)
	}
	return source, nil
}

func (f *feed) setNode(name string) {
	f.subscriptions.mu.Lock()
	defer f.subscriptions.mu.Unlock()
	f.node, f.waits = name, false
}

func (f *feed) setWaits() {
	f.subscriptions.mu.Lock()
	defer f.subscriptions.mu.Unlock()
	f.waits = true
}

// validate compares an operation that is subscribed again with the schemas of now, which also
// choose its nodes. It returns the refusal of an operation that fits none any more.
func (f *feed) validate() (refusal []byte) {
	if f.subscribed {
		v := f.run.Contract.Validate(f.run.document, f.run.operation)
		f.run.call.Filter, refusal = v.Filter, v.Refusal()
	}
	return refusal
}

// close keeps clients from joining.
func (f *feed) close() {
	f.subscriptions.mu.Lock()
	defer f.subscriptions.mu.Unlock()
	f.subscriptions.remove(f)
}

// firstTries is how often an operation is subscribed before its first client gets an error.
const firstTries = 2

// repeats reports whether to subscribe again after an error. A client that was accepted
// waits for a node, whatever it takes; one that was not gets the error.
func (f *feed) repeats(err error, tries int) bool {
	if err == errEnded {
		return false
	}
	class := f.run.Error(err).Class
	if !f.subscribed {
		return class == operation.BadUpstream && tries < firstTries
	}
	return class != operation.Unauthenticated && class != operation.Forbidden
}

// publish gives the results of a source to the listeners until it ends.
func (f *feed) publish(ctx context.Context, source Source) error {
	for {
		result, lost, err := source.Next(ctx)
		if err != nil {
			return err
		}
		f.put(ctx, result, lost)
	}
}

// put prints a result, and gives it to the listeners. One for which there is no memory is
// missing.
func (f *feed) put(ctx context.Context, result Result, lost int) {
	missing := gap{dropped: lost}
	if result == nil {
		f.broadcast(nil, missing)
		return
	}
	defer result.Release()
	e, err := f.print(ctx, result)
	if err != nil {
		missing.dropped++
	}
	f.broadcast(e, missing)
}

// print returns a result as JSON. One that cannot be printed is an error for the clients.
func (f *feed) print(ctx context.Context, result Result) (*event, error) {
	r := &f.run
	account := f.subscriptions.memory.Open()
	defer account.Close()
	f.result.JSON.Open(account)
	defer f.result.JSON.Close(0)
	outcome := eventOutcome{result.HasData(), result.Outcome()}
	r.masked = r.masked[:0]
	err := r.presentErrors(result)
	r.logMasked()
	if err == nil {
		err = r.print(ctx, result)
	}
	text := f.result.JSON.Bytes
	if err != nil {
		known := r.Error(err)
		if known.Class == operation.Unavailable {
			return nil, err
		}
		text, outcome = known.Body(), eventOutcome{outcome: operation.NullData}
	}
	e := f.newEvent(text, outcome)
	if e == nil {
		return nil, errNoMemory
	}
	return e, nil
}

// newEvent returns an event with a copy of a text; nil: there is no memory for it.
func (f *feed) newEvent(text []byte, outcome eventOutcome) *event {
	if !f.subscriptions.memory.Reserve(len(text)) {
		return nil
	}
	return &event{json: bytes.Clone(text), outcome: outcome, memory: f.subscriptions.memory}
}

// broadcast gives all listeners a gap, and then an event; nil: there is none.
func (f *feed) broadcast(e *event, g gap) {
	s := f.subscriptions
	s.mu.Lock()
	defer s.mu.Unlock()
	if e != nil {
		e.holders.Store(int32(len(f.listeners)) + 1)
		defer e.release()
		s.counts.Events.Add(uint64(len(f.listeners)))
	}
	s.counts.Dropped.Add(uint64(g.dropped * len(f.listeners)))
	for l := range f.listeners {
		l.put(e, g)
	}
}

// end ends the subscription of all listeners.
func (f *feed) end(err error) {
	s := f.subscriptions
	s.mu.Lock()
	s.remove(f)
	for l := range f.listeners {
		if l.err == nil {
			l.err = err
		}
		l.signal()
	}
	s.mu.Unlock()
	f.cancel()
	if !f.subscribed {
		close(f.accepted)
	}
	f.account.Close()
}

// The time before an operation is subscribed again doubles from minBackoff up to maxBackoff,
// varied by half.
const (
	minBackoff = 20 * time.Millisecond
	maxBackoff = 2 * time.Second
)

type backoff struct {
	tries int
	next  time.Duration
}

func newBackoff() *backoff { return &backoff{next: minBackoff} }

func (b *backoff) reset() { *b = *newBackoff() }

// wait waits, and reports whether ctx goes on.
func (b *backoff) wait(ctx context.Context) bool {
	b.tries++
	timer := time.NewTimer(b.next/2 + rand.N(b.next)) // #nosec G404 -- no secret
	defer timer.Stop()
	b.next = min(2*b.next, maxBackoff)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
